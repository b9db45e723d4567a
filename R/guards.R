# What every function does first: it checks how it was called.
#
# Three mistakes are the same everywhere, so they are answered in one place. When the package is built, guard_functions()
# puts up to three lines before the body of each exported function and each method (`zzz.R` calls it, behind all others):
#
#   a missing argument without a default      `N` is missing.
#   an argument that the function has not     predict() has no argument `batchsize`. Did you mean `batch_size`?
#   a setting in the place of `object`        pool_avg(2) is pool_avg(kernel_size = 2)
#
# Functions that use their dots have their own check of what comes in them: check_passed_on(). All others have dots so that
# the error names the argument that was meant, where R itself would only say "unused argument".

#' Guard the exported functions and the methods of a namespace.
#' @noRd
guard_functions <- function(namespace) {
  declared <- declared_functions(namespace)
  for (name in intersect(names(declared), ls(namespace, all.names = TRUE))) {
    f <- get(name, envir = namespace)
    if (is.function(f) && identical(environment(f), namespace)) {
      assign(name, guarded(f, declared[[name]]), envir = namespace)
    }
  }
}

#' The names of exported functions and of methods, each with the name by which users call it.
#' @noRd
declared_functions <- function(namespace) {
  path <- getNamespaceInfo(namespace, "path")
  file <- parseNamespaceFile(basename(path), dirname(path))
  generics <- sub("^.*::", "", file$S3methods[, 1])
  exports <- file$exports
  c(
    stats::setNames(exports, exports),
    stats::setNames(generics, paste(generics, file$S3methods[, 2], sep = "."))
  )
}

guarded <- function(f, name) {
  lines <- c(guard_dots(f, name), guard_layer(f, name), guard_needed(f, name))
  if (!length(lines)) {
    return(f)
  }
  kept <- attributes(f)
  body(f) <- as.call(c(quote(`{`), lines, body(f)))
  # with the source that it prints
  attributes(f) <- kept
  f
}

# Missing arguments ------------------------------------------------------------------------------------------------------

#' A line for each argument without a default whose absence the function does not handle itself.
#' @noRd
guard_needed <- function(f, name) {
  if (is_operator(name)) {
    return(list())
  }
  arguments <- formals(f)
  empty <- vapply(arguments, function(default) is.symbol(default) && !nzchar(as.character(default)), NA)
  needed <- setdiff(names(arguments)[empty], c("...", arguments_tested(body(f))))
  lapply(needed, function(argument) {
    bquote(if (missing(.(as.name(argument)))) abort_missing(.(argument), .(name)))
  })
}

#' The arguments that appear in missing(), needed(), or as the object of a layer.
#' @noRd
arguments_tested <- function(code) {
  if (!is.call(code)) {
    return(character())
  }
  head <- as.character(code[[1]])[1]
  here <- if (head %in% c("missing", "needed") && is.symbol(code[[2]])) as.character(code[[2]])
  if (head == "create_layer") here <- "object"
  inside <- lapply(as.list(code), function(part) if (!missing(part)) arguments_tested(part))
  unique(c(here, unlist(inside)))
}

is_operator <- function(name) grepl("^\\W|^(Ops|Math|Summary)$", name)

abort_missing <- function(argument, name, call = rlang::caller_env()) {
  example <- argument_examples()[argument]
  formula <- argument == "y" && exists("x", call, inherits = FALSE) && inherits(get("x", call), "formula")
  if (formula) example <- "There are no formulas for networks: give x and y."
  abort_intertwine(
    "`{argument}` is missing.",
    class = c("missing_argument", "argument"),
    hint = if (is.na(example)) "See ?{name}." else "{example}",
    call = call
  )
}

#' What is needed, from inside of a layer: its arguments may come behind others that have a default.
#' @noRd
needed <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (missing(x)) abort_missing(arg, rlang::call_name(rlang::frame_call(call)) %||% "layers", call)
  x
}

#' What to write, for each argument that functions need.
#' @noRd
argument_examples <- function() {
  c(
    out = "Say which fields the layer puts out, for example out = c(regular = 8).",
    kernel_size = "For example, kernel_size = 5.",
    sigma = "For example, sigma = 0.66.",
    stride = "For example, stride = 2.",
    size = "For example, size = 29.",
    output_size = "For example, output_size = 1.",
    permutation = "For example, permutation = c(2, 1).",
    labels = "Write a label for each field: labels = c(\"a\", \"a\", \"b\").",
    parts = "Write list(a = nonlin_relu(), b = nonlin_norm()).",
    S = "For example, S = 28.",
    N = "For example, N = 4; N = Inf has all rotations.",
    n = "For example, n = 4.",
    gs = "Make a space with gspace_rot2d(N = 4).",
    group = "Make a group with cyclic_group(4).",
    G = "Make a group with cyclic_group(4).",
    g = "Make an element with group_element(G, rotation = 1).",
    newdata = "It holds the samples: what fit() takes as `x`.",
    y = "It holds the targets: a factor of classes, or numbers.",
    type = "For example, type = field_type(gs, regular = 2).",
    graph = "It says for each point to which graph it belongs.",
    radius = "For example, radius = 3.",
    module = "Make a module with sequential_module() or r2_conv().",
    angle = "In radians: pi / 2 is a quarter turn."
  )
}

# Unknown arguments ------------------------------------------------------------------------------------------------------

#' A line that refuses what comes in dots that the function does not use.
#' @noRd
guard_dots <- function(f, name) {
  arguments <- names(formals(f))
  also <- arguments_of_containers(name)
  # The next method of these generics may never be called.
  used <- c("...", "...elt", "...length", "...names", "..1", "UseMethod", "refuse_object", "refuse_numbers")
  if (is.null(also)) used <- c(used, "NextMethod")
  if (!("..." %in% arguments) || is_operator(name) || any(used %in% all.names(body(f)))) {
    return(list())
  }
  list(bquote(if (...length()) refuse_dots(.(name), ...names(), .(setdiff(arguments, "...")), .(also))))
}

#' The arguments with which R itself prints, formats and compares what is inside of lists and data frames; `NULL` for all
#' other generics.
#' @noRd
arguments_of_containers <- function(generic) {
  callers <- switch(generic,
    print = list(print.default, print.data.frame),
    format = list(format.default, format.data.frame, print.default, print.data.frame),
    str = list(utils::getS3method("str", "default")),
    all.equal = list(all.equal.list, all.equal.numeric, all.equal.environment),
    as.data.frame = list(as.data.frame.list, as.data.frame.vector),
    return(NULL)
  )
  setdiff(unlist(lapply(callers, function(f) names(formals(f)))), "...")
}

#' Refuse the first of the given names that is not known; without names, everything.
#' @noRd
refuse_dots <- function(name, given, known, also = NULL, call = rlang::caller_env()) {
  given <- given %||% ""
  # Containers pass by position, too.
  unknown <- setdiff(given, c(known, if (!is.null(also)) c("", also)))
  if (!length(unknown)) {
    return(invisible())
  }
  # What the function is about comes first, without its name.
  others <- setdiff(known, c("", "object", "_data"))
  named <- nzchar(unknown[1])
  meant <- if (named) fields_hint(unknown[1], others) %||% did_you_mean(unknown[1], c(others, also))
  abort_intertwine(
    if (named) {
      "{name}() has no argument `{unknown[1]}`."
    } else {
      "{name}() was given more values than it has arguments."
    },
    class = c("unknown_argument", "argument"),
    hint = "{meant %||% takes_text(others)}",
    call = call
  )
}

#' Fields of a layer that were named beside its arguments.
#' @noRd
fields_hint <- function(name, arguments) {
  kinds <- "^(trivial|regular|vector|pseudovector|pseudoscalar|irrep_[0-9_]+)$"
  if ("out" %in% arguments && grepl(kinds, name)) paste0("Fields go into `out`: out = c(", name, " = 8).")
}

takes_text <- function(arguments) {
  arguments <- setdiff(arguments, "...")
  if (!length(arguments)) {
    return("It takes no others.")
  }
  paste0("It takes ", or_list(paste0("`", arguments, "`"), " and "), ".")
}

#' Check what a function passes on in its dots.
#'
#' @param given Names in the dots: `...names()`.
#' @param name The function that the user called.
#' @param known The names that may be given.
#' @noRd
check_passed_on <- function(given, name, known, call = rlang::caller_env()) {
  if (length(given)) refuse_dots(name, given, c("", known), call = call)
}

#' The arguments of a function by name, without some.
#' @noRd
arguments_of <- function(f, without = character()) setdiff(names(formals(f)), c("...", without))

#' The hint of an error about a name that does not exist, if one that exists is like it.
#' @noRd
did_you_mean <- function(name, names, quote = "`") {
  found <- nearest_names(name, names)
  if (length(found)) paste0("Did you mean ", or_list(paste0(quote, found, quote)), "?")
}

#' Words in a row, the last one behind another word.
#' @noRd
or_list <- function(x, last = " or ") {
  n <- length(x)
  if (n < 2) x else paste0(paste(x[-n], collapse = ", "), last, x[n])
}

#' The names that were probably meant, the likeliest first: like `intertwine.suggestions.nearest()`, without Python.
#' @noRd
nearest_names <- function(name, names, count = 3) {
  names <- unique(names[nzchar(names)])
  if (!length(names)) {
    return(character())
  }
  plain <- function(x) gsub("[^[:alnum:]]", "", tolower(x))
  words <- function(x) strsplit(tolower(x), "[^[:alnum:]]+")
  wanted <- plain(name)
  texts <- plain(names)
  distance <- drop(utils::adist(wanted, texts, costs = c(insertions = 1, deletions = 1, substitutions = 2)))
  likeness <- 1 - distance / pmax(nchar(wanted) + nchar(texts), 1)
  initials <- vapply(words(names), function(word) paste(substr(word, 1, 1), collapse = ""), "")
  # The beginning of a name, one of its words or its initials stand for it; so does a name with a word more.
  begun <- nchar(wanted) > 2 & (startsWith(texts, wanted) | vapply(words(names), function(word) wanted %in% word, NA))
  longer <- nchar(texts) > 2 & tolower(names) %in% words(name)[[1]]
  short <- nchar(wanted) > 1 & initials == wanted
  likeness <- ifelse(begun | longer | short, pmax(likeness, 0.9), likeness)
  best <- max(likeness)
  least <- if (best == 1) 1 else max(0.7, best - 0.1)
  found <- order(-likeness, names)
  utils::head(names[found][likeness[found] >= least], count)
}

# Settings in the place of the object ------------------------------------------------------------------------------------

#' A line for layers: pool_avg(2) is pool_avg(kernel_size = 2), because a layer cannot follow a number.
#' @noRd
guard_layer <- function(f, name) {
  arguments <- names(formals(f))
  if (!identical(arguments[1], "object") || !"create_layer" %in% all.names(body(f))) {
    return(list())
  }
  takes_function <- identical(arguments[2], "fun")
  list(bquote(if (!missing(object) && is_setting(object, .(takes_function))) return(shift_arguments(.(name)))))
}

#' Is this a value for an argument of a layer, rather than a type or a module?
#' @noRd
is_setting <- function(x, takes_function = FALSE) {
  if (is_py(x)) {
    return(is_representation(x))
  }
  if (is.function(x)) {
    return(takes_function && !is_layer_spec(x))
  }
  plain <- !is.object(x) || inherits(x, "representation_list")
  plain && is.null(dim(x)) && ((is.atomic(x) && length(x) > 0) || is.list(x))
}

#' Call a layer function again, with the values that were given by position one argument further on.
#' @noRd
shift_arguments <- function(name, frame = rlang::caller_env()) {
  layer <- sys.function(sys.parent())
  call <- sys.call(sys.parent())
  caller <- parent.frame(2)
  arguments <- setdiff(names(formals(layer)), "...")
  by_name <- names_in_call(call, caller)
  by_name <- arguments[pmatch(by_name, arguments, nomatch = 0)]
  # Where the first real argument has its value by name, the leading one stands for nothing.
  if (any(c("object", arguments[2]) %in% by_name)) {
    return(grow(frame$object, list(), frame))
  }
  given <- arguments[!vapply(arguments, function(argument) eval(bquote(missing(.(as.name(argument)))), frame), NA)]
  free <- setdiff(arguments, c("object", by_name))
  values <- mget(setdiff(given, by_name), envir = frame)
  if (length(values) > length(free)) {
    abort_intertwine(
      "{name}() takes a field type or a module, not {describe_value(frame$object)}.",
      class = "argument_type",
      hint = if (length(free)) {
        "Its settings are {or_list(paste0('`', arguments[-1], '`'), ' and ')}."
      } else {
        "It has no settings: write {name}()."
      },
      call = frame
    )
  }
  shifted <- c(stats::setNames(values, free[seq_along(values)]), mget(by_name, envir = frame))
  eval(as.call(c(call[[1]], shifted)), caller)
}

#' The names in a call, also of what its dots hold.
#' @noRd
names_in_call <- function(call, caller) {
  given <- names(call)[-1]
  if (any(vapply(as.list(call)[-1], identical, NA, quote(...)))) given <- c(given, eval(quote(...names()), caller))
  given[!is.na(given) & nzchar(given)]
}
