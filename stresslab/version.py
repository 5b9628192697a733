"""Version of the package: the one place where it stands, also where no metadata was installed."""

VERSION = "0.1.0"
