"""The command line where the `billflow` script is not on the path: `python -m billflow.cli`."""

from billflow.cli.app import main

if __name__ == "__main__":
    main()
