"""The app for a WSGI server: `python -m service.serve`, or another one."""

from service import logs
from service.app import create_app
from service.settings import Settings

settings = Settings.from_environment()
logs.configure(settings.log_level)
app = create_app(settings)
