# Conditions. Every error of the package has the class `intertwine_error`, and one class that says which:
# `intertwine_error_argument`, `intertwine_error_shape`, ... Errors from Python have the name of the Python exception.

#' Raise a classed error.
#'
#' `message` and `hint` are templates of cli, filled where the error is raised: `{arg}` is the value of `arg` there, `{n}
#' value{?s}` has the right plural. They may be broken into lines. A text from elsewhere, which may have braces of its own,
#' is a value, too: `"{text}"`.
#' @noRd
abort_intertwine <- function(message, class = "argument", hint = NULL, ..., parent = NULL,
                             call = rlang::caller_env(), .envir = parent.frame()) {
  hint <- fill_in(hint, .envir)
  rlang::abort(
    c(fill_in(message, .envir), i = hint),
    class = c(paste0("intertwine_error_", class), "intertwine_error"),
    hint = hint,
    ...,
    parent = parent,
    call = call
  )
}

#' Give a classed warning, as abort_intertwine() raises an error.
#' @noRd
warn_intertwine <- function(message, class, hint = NULL, call = NULL, .envir = parent.frame()) {
  rlang::warn(
    c(fill_in(message, .envir), i = fill_in(hint, .envir)),
    class = c(paste0("intertwine_warning_", class), "intertwine_warning"), call = call
  )
}

#' A template with its values, on one line; `NULL` if nothing is left.
#' @noRd
fill_in <- function(template, envir) {
  text <- cli::format_inline(gsub("\\s*\n\\s*", " ", template), .envir = envir)
  if (length(template) && nzchar(text)) text
}

#' Raise the error that Python described.
#' @noRd
abort_python <- function(error, call) {
  words <- error_in_r_words(error)
  rlang::abort(
    c(words$message, i = words$hint),
    class = c(
      paste0("intertwine_error_", c(if (error$cause != "known") error$cause, unlist(error$class))), "intertwine_error"
    ),
    hint = words$hint,
    details = error$traceback,
    # counted from one
    positions = unlist(error$positions),
    python_class = error$python,
    python_traceback = error$traceback,
    # what the call has come to until then
    value = from_py(error$reply),
    call = call
  )
}

#' Message and hint for an R user. What the Python half did not raise on purpose speaks of its insides, so it is kept as
#' `details`, unless it is the voice of code that the user brought.
#' @noRd
error_in_r_words <- function(error) {
  switch(error$cause,
    known = list(
      message = in_r_words(error$message),
      hint = hints_in_r[[error$class[[1]]]] %||% if (!is.null(error$hint)) in_r_words(error$hint)
    ),
    memory = list(
      message = "There is not enough memory for this.",
      hint = "Use a smaller batch_size, smaller samples, fewer fields, or tiles: predict(tile = )."
    ),
    file = list(
      message = paste0(error$message, "."), hint = "Look at the path, at its permissions and at the space on the disk."
    ),
    interrupt = list(message = "The computation was interrupted.", hint = NULL),
    code = list(
      message = paste0("Code of your own failed: ", error$message), hint = "rlang::last_error()$details says where."
    ),
    module = list(
      message = paste0("The torch module `", error$subject, "` failed: ", error$message),
      hint = "Look at what it takes, and at what it was given."
    ),
    list(
      message = "Something failed inside of intertwine that it did not expect.",
      hint = paste(
        "This is a fault of intertwine. Please report it, with the lines that led to it and with",
        "rlang::last_error()$details."
      )
    )
  )
}

#' What an R user can do about errors of some kinds, where it is not what a Python user would do.
#' @noRd
hints_in_r <- list(
  class_count = "End it with head_classes(), which takes their number from y; measurements have to be of type double.",
  missing_head = "End it with head_classes(), or head_classes(n) for n measurements."
)

#' Repeat in R the warnings that Python gave.
#' @noRd
warn_python <- function(warnings) {
  for (warning in warnings) {
    text <- in_r_words(warning$message)
    warn_intertwine("{text}", warning$class)
  }
}

#' Say in messages what an R user would: R functions for Python classes, dimensions counted from one, `2 x 3` for `(2, 3)`.
#' @noRd
in_r_words <- function(text) {
  names <- r_names_of_python()
  # Only names in camel case: words such as `Linear` are also plain English.
  names <- names[grepl("[a-z0-9][A-Z]|[A-Z]{2}", names(names)) & !names(names) %in% setdiff(names(class_names), "Spec")]
  for (python in names(names)) {
    text <- gsub(paste0("\\b(nn\\.|gspaces\\.)?", python, "\\b(\\(\\))?"), names[[python]], text, perl = TRUE)
  }
  text <- gsub("()(", "(", text, fixed = TRUE)
  text <- replace_matches(text, "\\((False|True|'cone')(?=, )", function(found) {
    paste0("list(", switch(substr(found, 2, 2), F = "FALSE", T = "TRUE", "\"cone\""))
  })
  text <- gsub("\\b([Aa])xis (?=\\d)", "dimension ", text, perl = TRUE)
  text <- replace_matches(text, "\\bmodule\\.\\d+", function(found) {
    paste("layer", as.integer(sub("\\D+", "", found)) + 1L)
  })
  text <- gsub("([^[:space:]\\[]+)_on_R(\\d)\\[[^]]*\\]", "\\1 on R^\\2", text)
  text <- replace_matches(text, "(?<=shape )(is )?\\(\\d+(, \\d+)*,?\\)", function(found) {
    gsub(", ", " x ", sub("\\(", "", sub(",?\\)$", "", found)))
  })
  text <- gsub("(?<==)\\((?=\\d+(\\.\\d+)?, )|\\((?=\\d+(, \\d+)+\\) was given)", "c(", text, perl = TRUE)
  text <- gsub("\\((\\d+),\\)", "\\1", text)
  # Representations, elements of cyclic groups, functions, vectors of strings, whole numbers, shapes.
  text <- gsub("(\\S+)\\|\\[([^]]*)\\]:\\d+", "\\2 of \\1", text)
  text <- gsub("\\] (\\d+)\\[2pi", "] * \\1[2pi", text)
  text <- gsub("\\b(\\d+)\\[2pi/(\\d+)\\]", "rotation \\1/\\2", text)
  text <- sub("^rotation", "Rotation", text)
  text <- gsub("\\b([a-z_]+)=(?=[\\w\"'])", "\\1 = ", text, perl = TRUE)
  text <- gsub("\\binput_size\\b", "`size`", text)
  text <- gsub("\\b[pnc]_(relu|elu|sigmoid|tanh|softplus|squash)\\b", "\\1", text)
  text <- gsub("function '[pnc]_", "function '", text)
  text <- replace_matches(text, "\\['[^']*'(, '[^']*')*\\]", function(found) {
    strings <- gsub("'", "\"", substr(found, 2, nchar(found) - 1))
    if (grepl(", ", strings)) paste0("c(", strings, ")") else strings
  })
  text <- gsub("(?<![\\w.])(-?\\d+)\\.0(?![\\d.]*\\d)", "\\1", text, perl = TRUE)
  text <- replace_matches(text, "(?<=not )\\(\\d+(, \\d+)+\\)|\\(\\d+(, \\d+)+\\)(?= is needed| values)", function(found) {
    gsub(", ", " x ", gsub("[()]", "", found))
  })
  words <- c(
    None = "NULL", True = "TRUE", False = "FALSE", tuples = "vectors", tuple = "vector", dicts = "lists", dict = "list"
  )
  for (python in names(words)) text <- gsub(paste0("\\b", python, "\\b"), words[[python]], text)
  text
}

replace_matches <- function(text, pattern, change) {
  found <- gregexpr(pattern, text, perl = TRUE)
  regmatches(text, found) <- lapply(regmatches(text, found), function(x) if (length(x)) vapply(x, change, "") else x)
  text
}
