"""The command-line product: describe a site, look, plan, converge, prove, publish, confirm, report."""

__version__ = "0.1.0"
