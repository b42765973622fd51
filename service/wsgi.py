"""The app for a WSGI server: `gunicorn service.wsgi:app`."""

from service import logs
from service.app import create_app
from service.settings import Settings

settings = Settings.from_environment()
logs.configure(settings.log_level)
app = create_app(settings)
