"""`create-admin`: makes an administrator without the set-up page."""

from __future__ import annotations

import argparse
import getpass
import sys

from engine.cli.opening import opened
from engine.model import Role


def run(arguments: argparse.Namespace) -> int:
    if arguments.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass("Password of the new administrator: ")
    with opened() as engine:
        engine.accounts.create_operator(arguments.user, arguments.email, password, Role.ADMIN)
    print(f"Administrator {arguments.user} can log in now.")
    return 0
