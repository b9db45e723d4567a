"""Groups, their elements and their representations: the base classes, finite and continuous."""
