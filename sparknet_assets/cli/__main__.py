"""`python -m sparknet_assets.cli`."""

from sparknet_assets.cli import main

if __name__ == "__main__":
    main(prog_name="sparknet")
