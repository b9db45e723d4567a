# Checks of arguments. They come first in every function, and name the argument and what it was.

#' A short description of a value, for messages.
#' @noRd
describe_value <- function(x) {
  if (is.null(x)) {
    return("NULL")
  }
  if (is_layer_spec(x)) {
    return("the specification of a layer")
  }
  if (is.function(x) && !is_py(x)) {
    return("a function")
  }
  if (is_py(x)) {
    kind <- kind_of_object(x)
    return(paste(if (grepl("^([aeiou]|r\\d)", kind)) "an" else "a", kind))
  }
  known <- c(
    intertwine_fit = "a fit", points_fit = "a fit of fit_points()", images = "images", image_folder = "an image folder",
    shape_plan = "a plan of shapes", data.frame = "a data frame", formula = "a formula", Date = "dates", POSIXt = "times",
    difftime = "differences of times", factor = "a factor", group_element_list = "a list of elements",
    representation_list = "a list of representations"
  )
  kind <- known[class(x)[class(x) %in% names(known)][1]]
  if (!is.na(kind)) {
    return(unname(kind))
  }
  if (is.list(x)) {
    return("a list")
  }
  if (is.atomic(x) && is.null(dim(x)) && length(x) <= 4) {
    shown <- if (is.character(x)) encodeString(x, quote = "\"") else format(x)
    return(if (length(x) == 1) trimws(shown) else paste0("c(", paste(trimws(shown), collapse = ", "), ")"))
  }
  kind <- switch(typeof(x), double = "numeric", typeof(x))
  if (!is.null(dim(x))) {
    what <- switch(kind, character = " strings", complex = " complex numbers", raw = " bytes")
    return(paste0("an array of ", shape_text(dim(x)), what))
  }
  paste(if (kind == "integer") "an" else "a", kind, "vector of length", length(x))
}

#' What an object of Python is called in R.
#' @noRd
kind_of_object <- function(x) {
  if (is_ours(x)) {
    return(sub("^gspace$", "space", gsub("_", " ", class(x)[1])))
  }
  if (is_torch_tensor(x)) "torch tensor" else if (is_torch_module(x)) "torch module" else "Python object"
}

#' Words or numbers with commas between them.
#' @noRd
listed <- function(x, quote = FALSE) paste(if (quote) dQuote(x, FALSE) else x, collapse = ", ")

shape_text <- function(dims) paste(dims, collapse = " x ")

check_flag <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!(is.logical(x) && length(x) == 1 && !is.na(x))) {
    abort_intertwine("`{arg}` must be TRUE or FALSE, not {describe_value(x)}.", call = call)
  }
  invisible(x)
}

check_string <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!(is.character(x) && length(x) == 1 && !is.na(x))) {
    abort_intertwine("`{arg}` must be a string, not {describe_value(x)}.", call = call)
  }
  invisible(x)
}

#' One of several strings; the first by default, where the default of the argument lists them all.
#' @noRd
match_choice <- function(x, choices = NULL, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(choices)) {
    choices <- eval(formals(sys.function(sys.parent()))[[arg]])
    if (identical(x, choices)) {
      return(choices[1])
    }
  }
  if (!rlang::is_string(x) || !x %in% choices) {
    abort_intertwine(
      "`{arg}` must be {or_list(dQuote(choices, FALSE))}, not {describe_value(x)}.",
      hint = "{if (rlang::is_string(x)) did_you_mean(x, choices, quote = '\"')}", call = call
    )
  }
  x
}

check_number <- function(x, min = -Inf, max = Inf, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!(is.numeric(x) && length(x) == 1 && !is.na(x) && x >= min && x <= max)) {
    range <- range_text(min, max)
    abort_intertwine("`{arg}` must be a number{range}, not {describe_value(x)}.", call = call)
  }
  invisible(x)
}

#' One whole number, as an integer.
#' @noRd
as_count <- function(x, min = -Inf, max = Inf, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  # before `x` is another one
  force(arg)
  x <- as_whole(x, min, max, arg, call)
  if (length(x) != 1) {
    abort_intertwine("`{arg}` must be one whole number, not {describe_value(x)}.", call = call)
  }
  x
}

#' Whole numbers, as integers.
#' @noRd
as_whole <- function(x, min = -Inf, max = Inf, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  whole <- is.numeric(x) && length(x) > 0 && !anyNA(x) && all(is.finite(x)) && all(x == round(x)) &&
    all(abs(x) < 2^31)
  if (!whole || any(x < min) || any(x > max)) {
    large <- is.numeric(x) && any(is.finite(x) & abs(x) >= 2^31) && !anyNA(x)
    range <- if (large) " below 2^31" else range_text(min, max)
    abort_intertwine("`{arg}` must be a whole number{range}, not {describe_value(x)}.", call = call)
  }
  as.integer(x)
}

#' Positions in something of length `n`, counted from one; negative ones leave out, as everywhere in R.
#' @noRd
as_positions <- function(x, n, what = "field", arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  force(arg)
  if (is.logical(x)) x <- which(rep_len(x, n))
  x <- as_whole(x, arg = arg, call = call)
  if (any(x == 0)) {
    abort_intertwine(
      "`{arg}` is 0, but positions count from 1.",
      class = "position",
      hint = "The first {what} is 1, the last one {n}.",
      call = call
    )
  }
  if (any(abs(x) > n)) {
    count <- if (n == 1) "is one" else paste("are", n)
    abort_intertwine(
      "There is no {what} {x[abs(x) > n][1]}: there {count}.",
      class = "position",
      call = call
    )
  }
  seq_len(n)[x]
}

range_text <- function(min, max) {
  if (is.finite(min) && is.finite(max)) {
    paste0(" from ", min, " to ", max)
  } else if (is.finite(min)) {
    paste0(", ", min, " or more")
  } else if (is.finite(max)) {
    paste0(", ", max, " or less")
  }
}

check_class <- function(x, class, what, hint = NULL, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!inherits(x, class)) {
    abort_intertwine(
      "`{arg}` must be {what}, not {describe_value(x)}.",
      class = "argument_type", hint = "{hint}", call = call
    )
  }
  check_alive(x, call)
  invisible(x)
}
