# Writes man/ and NAMESPACE from the roxygen comments.
roxygen2::roxygenise(".", load_code = "source")
