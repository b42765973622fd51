"""How far observers agree: a property of an instrument and its training, never of a person.

Two observers: `percent_agreement`, `cohen_kappa`, `weighted_kappa`. Many: `fleiss_kappa` (equally many
ratings of each thing) and `krippendorff_alpha` (any number, gaps allowed). Each gives an `Agreement`: a
value, how many things it rests on, and whether those are too few to say anything.
"""

from observation_tools.agreement.alpha import Level, krippendorff_alpha
from observation_tools.agreement.fleiss import count_ratings, fleiss_kappa
from observation_tools.agreement.pairs import Weights, cohen_kappa, percent_agreement, weighted_kappa
from observation_tools.agreement.result import ENOUGH, Agreement

__all__ = [
    "ENOUGH",
    "Agreement",
    "Level",
    "Weights",
    "cohen_kappa",
    "count_ratings",
    "fleiss_kappa",
    "krippendorff_alpha",
    "percent_agreement",
    "weighted_kappa",
]
