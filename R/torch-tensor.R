# Arithmetic of torch tensors, such as a loss of the user's receives: R's operators and functions, with R's positions.

#' Arithmetic with tensors
#'
#' Tensors of torch, such as [as_torch()] makes and a loss of [fit()] receives, are calculated with as R's arrays are. The
#' result is a tensor again, whose gradient torch knows: `((output - target)^2) |> mean()` is a loss.
#'
#' Nothing is recycled: two tensors, or a tensor and an R array, must have the same dimensions; a single number goes with
#' every tensor. Positions in `[` count from 1, as everywhere in R, and `length()` is the number of all elements. What these
#' functions lack, torch has: `x$softmax(1L)`, `torch$nn$functional$...`, whose own arguments count from 0.
#'
#' [as.array()] gives the values as an R array. They have no gradient: a loss that is computed from them is refused.
#'
#' @param e1,e2 Tensors, or one of them numbers.
#' @param x A tensor.
#' @param i,j,... Positions along each dimension, counted from 1, negative ones to leave out, logicals; a single one counts
#'   through all elements, and may be a tensor of truth values such as `x > 0`.
#' @param drop Whether dimensions of length one are dropped.
#' @param na.rm Whether `NaN` counts for nothing.
#' @return A tensor; of comparisons one of truth values.
#' @section Functions:
#' `+ - * / ^ %% %/%`, `== != < <= > >=`, `& | !`; `abs()`, `sqrt()`, `exp()`, `log()`, `round()`, `sin()`, ...,
#' `cumsum()`, ... (R's group Math); `sum()`, `prod()`, `max()`, `min()`, `range()`, `all()`, `any()`, `mean()`.
#' @section Errors:
#' `intertwine_error_shape` if dimensions differ, `intertwine_error_position` if there is no such element.
#' @name tensor-arithmetic
#' @examplesIf intertwine_available()
#' output <- as_torch(c(1, 2, 4))
#' target <- as_torch(c(1, 1, 1))
#' ((output - target)^2) |> mean()
#' sum(abs(output[-1]) * c(0.5, 2))
#' as.array(output > 1.5)
NULL

# These are methods of torch's own class: .onLoad registers them, and only where nobody else has.

#' What an operator gives for tensors, geometric ones among them or not; `e2` is `NULL` for operators with one argument.
#' @noRd
operate_on_tensors <- function(op, e1, e2, call) {
  if (is_geometric_tensor(e1) || is_geometric_tensor(e2)) {
    return(geometric_operator(op, e1, e2, call))
  }
  if (!is_operand(e1) || !(is.null(e2) || is_operand(e2))) {
    refuse_operation(op, e1, e2, call)
  }
  tensor <- if (is_torch_tensor(e1)) e1 else e2
  py_call_checked(
    "_r.crossing.tensors.operate", list(op, as_operand(e1, tensor, call), as_operand(e2, tensor, call)), call
  )
}

is_torch_tensor <- function(x) inherits(x, "torch.Tensor")

is_operand <- function(x) is_torch_tensor(x) || ((is.numeric(x) || is.logical(x)) && !is.object(x))

#' Numbers beside a tensor, as Python takes them.
#' @noRd
as_operand <- function(x, tensor, call) {
  if (is.null(x) || is_torch_tensor(x)) {
    return(x)
  }
  if (length(x) == 1 && is.null(dim(x))) {
    check_no_na(x, "x", call)
    return(if (is.logical(x)) x else as.double(x))
  }
  values <- to_py_tensor(x, if (is.logical(x)) "bool" else "float64", call = call)
  py_call_checked("_r.crossing.tensors.number_like", list(values, tensor), call)
}

math_torch_tensor <- function(x, ...) {
  extra <- list(...)
  py_call_checked(
    "_r.crossing.tensors.math", list(.Generic, x, if (length(extra)) as.double(extra[[1]])), rlang::caller_env()
  )
}

summary_torch_tensor <- function(..., na.rm = FALSE) {
  summarise_tensors(.Generic, list(...), na.rm, rlang::caller_env())
}

mean_torch_tensor <- function(x, ..., na.rm = FALSE) {
  summarise_tensors("mean", list(x), na.rm, rlang::caller_env())
}

summarise_tensors <- function(name, values, na.rm, call) {
  check_flag(na.rm, call = call)
  tensor <- Find(is_torch_tensor, values)
  for (value in values) {
    if (!is_operand(value)) refuse_operation(paste0(name, "()"), value, NULL, call)
  }
  py_call_checked("_r.crossing.tensors.summary", list(name, lapply(values, as_operand, tensor, call), na.rm), call)
}

length_torch_tensor <- function(x) {
  size <- prod(dim_torch_tensor(x))
  if (size < .Machine$integer.max) as.integer(size) else size
}

part_torch_tensor <- function(x, ..., drop = TRUE) {
  call <- rlang::current_env()
  check_flag(drop)
  dims <- dim_torch_tensor(x)
  # x[i] has one argument, x[i, ] two, of which one is empty
  empty <- vapply(eval(substitute(alist(...))), rlang::is_missing, logical(1))
  if (all(empty) && length(empty) <= 1) {
    return(x)
  }
  if (length(empty) == 1 && (length(dims) != 1 || is_py(..1))) {
    return(part_of_all(x, ..1, call))
  }
  if (length(empty) != length(dims)) {
    abort_intertwine(
      "The tensor has {length(dims)} dimensions, but `[` was given positions for {length(empty)}.",
      class = "position", hint = "Leave positions empty to take all, as in x[1, ].", call = call
    )
  }
  positions <- lapply(seq_along(empty), function(k) {
    if (!empty[k]) as.list(as_positions(...elt(k), dims[k], "element", arg = "i", call = call) - 1L)
  })
  py_call_checked("_r.crossing.tensors.part", list(x, positions, drop), call)
}

part_of_all <- function(x, i, call) {
  if (is.logical(i) && !is.null(dim(i))) i <- to_py_tensor(i, "bool", arg = "i", call = call)
  positions <- if (is_py(i)) i else as.list(as_positions(i, length_torch_tensor(x), "element", arg = "i", call = call) - 1L)
  py_call_checked("_r.crossing.tensors.part_of_all", list(x, positions), call)
}
