"""Run the command line: python -m bnviz."""

from bnviz.cli import main

if __name__ == "__main__":
    main()
