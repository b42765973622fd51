"""What a digest says, in each language that it is written in."""

from __future__ import annotations

WORDS = {
    "en": {
        "subject": "Come Watch today",
        "doors": "Doors that opened or changed",
        "lessons": "Today and tomorrow",
        "notes": "Notes that were shared with you: {count}",
        "requests": "Colleagues who would like to visit you: {count}",
        "untitled": "Come and watch",
        "end": "No more of these mails: {link}",
        "stopped": "You will get no more digests.",
        "stop": "No more digests",
    },
    "es": {
        "subject": "Come Watch hoy",
        "doors": "Puertas nuevas o cambiadas",
        "lessons": "Hoy y mañana",
        "notes": "Notas compartidas contigo: {count}",
        "requests": "Colegas que quieren visitarte: {count}",
        "untitled": "Ven a ver",
        "end": "No recibir más estos correos: {link}",
        "stopped": "Ya no recibirás más resúmenes.",
        "stop": "No recibir más resúmenes",
    },
}
