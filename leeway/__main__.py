"""`python -m leeway`, for when the command is not on the path."""

from leeway.cli import main

if __name__ == "__main__":
    main()
