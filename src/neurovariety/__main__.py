"""``python -m neurovariety``: the command line."""

from neurovariety.cli.main import main

if __name__ == "__main__":
    main()
