"""Run the command line as `python -m etl_actors`."""

from etl_actors.cli.main import main

if __name__ == "__main__":
    main()
