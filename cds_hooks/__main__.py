"""`python -m cds_hooks` is the command `bedside`."""

from cds_hooks.cli.main import main

main()
