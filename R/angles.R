# Angles of R users: radians, or degrees where they say so.

#' An angle in radians, from `angle` or from `degrees`; `NULL` if neither is given.
#'
#' @param n How many numbers there may be.
#' @noRd
as_angle <- function(angle, degrees = NULL, n = 1, call = rlang::caller_env()) {
  if (!is.null(angle) && !is.null(degrees)) {
    abort_intertwine(
      "There are both an `angle`, in radians, and `degrees`.", hint = "Give one of them.", call = call
    )
  }
  if (is.null(degrees)) {
    return(if (!is.null(angle)) in_radians(angle, n, "angle", call))
  }
  check_angle(degrees, n, "degrees", "a quarter turn is 90", call)
  as.double(degrees) * pi / 180
}

#' The angle of an axis in radians, from `axis` or from `degrees`; `usual` is what `axis` is by default.
#' @noRd
as_axis_angle <- function(axis, degrees, usual = pi / 2, call = rlang::caller_env()) {
  if (is.null(degrees)) {
    return(if (!is.null(axis)) in_radians(axis, arg = "axis", call = call))
  }
  if (!identical(axis, usual)) {
    abort_intertwine(
      "There are both an `axis`, in radians, and `degrees`.", hint = "Give one of them.", call = call
    )
  }
  as_angle(NULL, degrees, call = call)
}

#' Angles that are in radians: a warning about those that look like degrees.
#' @noRd
in_radians <- function(x, n = 1, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  # before `x` is another one
  force(arg)
  check_angle(x, n, arg, "angles are in radians: a quarter turn is pi / 2", call)
  x <- as.double(x)
  odd <- x[abs(x) > 2 * pi & x %% 15 == 0]
  if (length(odd)) {
    warn_intertwine(
      "`{arg}` is in radians, but {format(odd[1])} looks like degrees.", "units",
      if (arg %in% c("angle", "axis")) {
        "For degrees, give degrees = {format(odd[1])} in its place."
      } else {
        "In radians, {format(odd[1])} degrees are {format(odd[1])} * pi / 180."
      },
      call
    )
  }
  x
}

#' Angles that are in degrees: a warning about those that look like radians, simple fractions of pi within a full turn.
#' @noRd
in_degrees <- function(x, n = Inf, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  force(arg)
  check_angle(x, n, arg, "angles are in degrees here: a quarter turn is 90", call)
  x <- as.double(x)
  odd <- x[x != 0 & abs(x) <= 2 * pi + 1e-9 & abs(x * 12 / pi - round(x * 12 / pi)) < 1e-9]
  if (length(odd)) {
    warn_intertwine(
      "`{arg}` is in degrees, but {format(odd[1], digits = 4)} looks like radians.", "units",
      "In degrees, it is {format(odd[1] * 180 / pi)}.", call
    )
  }
  x
}

check_angle <- function(x, n, arg, unit, call) {
  right <- is.numeric(x) && length(x) > 0 && all(is.finite(x)) && (length(x) == 1 || length(x) == n || n == Inf)
  if (!right) {
    count <- if (n == 1) "one number" else if (n == Inf) "numbers" else paste("one number or", n)
    abort_intertwine(
      "`{arg}` must be {count}, not {describe_value(x)}.",
      hint = "{toupper(substr(unit, 1, 1))}{substring(unit, 2)}.", call = call
    )
  }
}
