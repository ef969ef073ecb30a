#!/usr/bin/env python3
import os
import sys

from django.core.management import execute_from_command_line

from loyalty_site.postgres import LauncherError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
    try:
        execute_from_command_line(sys.argv)
    except LauncherError as refused:
        sys.exit(str(refused))
