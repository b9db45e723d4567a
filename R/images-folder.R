#' A folder of images
#'
#' Picture files (PNG, JPEG, TIFF, BMP, GIF and what else the Python package
#' pillow reads) in a folder. If they lie in subfolders, the names of the
#' subfolders are the classes. `read_image_folder()` reads them all at once.
#' `image_folder()` reads none of them until a network needs it, batch by batch,
#' so that there may be more images than memory holds: [fit()],
#' [predict()][predict.intertwine_fit], `evaluate()` and [confusion_table()]
#' take it in place of images and their classes.
#'
#' The classes are the subfolders in alphabetical order, as in the C locale on all
#' machines. In an `image_folder()` they are the first subfolders, however deep the
#' pictures lie, and pictures beside these subfolders are left out.
#'
#' Hidden files and folders (`.git`, `.ipynb_checkpoints`), files without content, links that lead back to a folder
#' above or nowhere, names that are no UTF-8 and classes without pictures are left out: one warning of class
#' `intertwine_warning_data_warning` counts them and names a few. A picture is turned upright if the camera noted how it
#' was held. Of a file with several pictures (an animation, pages) the first is read, with such a warning.
#'
#' An `image_folder()` has a `length()` and `dim()`; `x[i]` is some of the
#' images, `x$y` their classes and `x$files` their names. It is an ordinary R
#' object that `saveRDS()` keeps.
#'
#' @param path A folder.
#' @param size The height and width to which each picture is resized
#'   (bilinearly, with antialiasing). One number means a square. `NULL` if all
#'   pictures have the same size; `image_folder()`, which cannot know, then
#'   resizes them to the size of the first one and warns at the first that differs.
#' @param channels `"grey"` for one channel, `"rgb"` for three, `"rgba"` for
#'   four.
#' @param pattern A regular expression that the file names must match.
#' @param masks A second folder with a mask for each picture, of the same name up to the ending: its grey values, or the
#'   numbers of its palette, are the classes of the pixels.
#' @param max_pixels A picture of more pixels is refused before it is unpacked: half a megabyte of PNG may unfold to
#'   gigabytes.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `read_image_folder()`: a list of `x`, [images()] with values from 0 (black) to 1 (white) and named by file,
#'   and `y`, a factor of the subfolders, or `NULL` if there are none. Pictures of 16 bits keep their precision.
#'
#'   `image_folder()`: an object of class `image_folder`, a list of `path`, `files`, `y`
#'   (as above), `size`, `channels`, `max_pixels`, and `asked`: whether the size was given.
#' @section Errors:
#' A condition of class `intertwine_error_file` if there is no such folder, no picture in it, or a class or a picture
#' that cannot be read or is too large, `intertwine_error_argument` if the sizes differ, or if a network is trained on or
#' evaluated with a class that it does not know.
#' @examplesIf intertwine::intertwine_available() && requireNamespace("png", quietly = TRUE)
#' folder <- tempfile("shapes")
#' for (class in c("bar", "beam")) {
#'   dir.create(file.path(folder, class), recursive = TRUE)
#'   for (i in 1:4) {
#'     picture <- matrix(0, 9, 9)
#'     if (class == "bar") picture[, i + 1:3] <- 1 else picture[i + 1:3, ] <- 1
#'     png::writePNG(picture, file.path(folder, class, paste0(i, ".png")))
#'   }
#' }
#' shapes <- read_image_folder(folder)
#' shapes$x
#' shapes$y
#'
#' # the same without reading them at once
#' shapes <- image_folder(folder)
#' shapes
#' model <- field_type(gspace_flip2d(), trivial = 1) |>
#'   r2_conv(out = c(regular = 4), kernel_size = 5) |>
#'   nonlin_relu() |>
#'   head_classes()
#' fitted <- fit(model, shapes, epochs = 2)
#' predict(fitted, shapes[c(1, 8)])
#' evaluate(fitted, shapes)
#' @export
read_image_folder <- function(path, size = NULL, channels = c("grey", "rgb", "rgba"),
                              pattern = "\\.(png|jpe?g|tiff?|bmp|gif|webp|pgm|ppm)$", max_pixels = 5e7, ...) {
  if (rlang::is_string(path)) path <- as_native(path)
  channels <- match_choice(channels)
  max_pixels <- as_max_pixels(max_pixels)
  files <- list_pictures(path, pattern)
  size <- as_picture_size(size)
  pictures <- py_call_checked(
    "_r.pictures.read",
    list(
      as.list(file.path(as_utf8(normalizePath(path)), files)),
      size = size, channels = channels, max_pixels = max_pixels, names = as.list(files)
    )
  )
  x <- images(pictures, layout = "nchw")
  dimnames(x) <- list(files, NULL, NULL, NULL)
  folders <- ifelse(grepl("/", files, fixed = TRUE), sub("/[^/]*$", "", files), ".")
  list(x = x, y = if (any(folders != ".")) folder_classes(folders))
}

#' @rdname read_image_folder
#' @export
image_folder <- function(path, size = NULL, channels = c("grey", "rgb"),
                         pattern = "\\.(png|jpe?g|tiff?|bmp|gif|webp|pgm|ppm)$", max_pixels = 5e7, masks = NULL, ...) {
  if (rlang::is_string(path)) path <- as_native(path)
  channels <- match_choice(channels)
  max_pixels <- as_max_pixels(max_pixels)
  files <- list_pictures(path, pattern, beside = !is.null(masks))
  # absolute, because the working directory may change before the files are read
  path <- normalizePath(path)
  channels <- if (channels == "grey") 1L else 3L
  size <- as_picture_size(size)
  asked <- !is.null(size)
  if (!asked) {
    found <- py_call_checked("_r.training.image_size", list(file.path(as_utf8(path), files[1]), channels, max_pixels))
    size <- as.integer(unlist(found))
  }
  if (!is.null(masks)) masks <- as_masks(masks, path, files, size, channels, max_pixels)
  y <- if (is.null(masks) && any(grepl("/", files, fixed = TRUE))) folder_classes(sub("/.*", "", files))
  new_image_folder(path, files, y, size, channels, max_pixels, asked, masks)
}

new_image_folder <- function(path, files, y, size, channels, max_pixels, asked, masks = NULL) {
  structure(
    list(
      path = path, files = files, y = y, size = size, channels = channels, max_pixels = max_pixels, asked = asked,
      masks = masks
    ),
    class = "image_folder"
  )
}

#' The folder of the masks, and the levels of their classes: each mask is read once.
#' @noRd
as_masks <- function(masks, path, files, size, channels, max_pixels, call = rlang::caller_env()) {
  masks <- check_string(masks, "masks", call)
  check_folder(masks, call)
  masks <- normalizePath(as_native(masks))
  levels <- py_call_checked(
    "_r.training.mask_levels", list(as_utf8(path), as_utf8(masks), files, channels, as.list(size), max_pixels), call
  )
  list(path = masks, levels = as.character(unlist(levels)))
}

as_max_pixels <- function(max_pixels, call = rlang::caller_env()) {
  if (!is.numeric(max_pixels) || length(max_pixels) != 1 || !isTRUE(max_pixels >= 1) || max_pixels > 2^52) {
    abort_intertwine(
      "`max_pixels` must be one number of at least 1, not {describe_value(max_pixels)}.", call = call
    )
  }
  floor(max_pixels)
}

is_image_folder <- function(x) inherits(x, "image_folder")

#' Is there such a folder?
#' @noRd
check_folder <- function(path, call) {
  if (!rlang::is_string(path)) {
    abort_intertwine("`path` must be a string, not {describe_value(path)}.", class = "file", call = call)
  }
  if (file.exists(path) && !dir.exists(path)) {
    abort_intertwine(
      "'{path}' is a file, not a folder.",
      class = "file", hint = "Give the folder that holds it: dirname(path).", call = call
    )
  }
  if (!dir.exists(path)) {
    abort_intertwine(
      "There is no folder '{path}'.",
      class = "file", hint = "The working directory is '{getwd()}'.", call = call
    )
  }
}

#' The pictures in a folder, in the same order on all machines.
#' @noRd
list_pictures <- function(path, pattern, beside = TRUE, call = rlang::caller_env()) {
  check_folder(path, call)
  check_string(pattern, call = call)
  found <- scan_pictures(path, pattern, call)
  files <- found$files
  inside <- grepl("/", files, fixed = TRUE)
  left_out <- found$left_out
  if (!beside && any(inside) && !all(inside)) {
    left_out[["beside the folders of the classes"]] <- files[!inside]
    files <- files[inside]
  }
  if (length(files) == 0) {
    abort_intertwine(
      "There is no picture in '{path}'.",
      class = "file",
      hint = "Files are read whose names match `pattern`, {pattern}.", call = call
    )
  }
  empty <- setdiff(found$classes, sub("/.*", "", files[grepl("/", files, fixed = TRUE)]))
  if (length(empty) && any(inside)) left_out[["a class without pictures"]] <- empty
  warn_left_out(path, left_out, setdiff(found$classes, empty))
  sort(files, method = "radix")
}

#' The pictures in a folder, its classes, and what is left out, by reason.
#' @noRd
scan_pictures <- function(path, pattern, call) {
  left_out <- list()
  leave_out <- function(reason, names) {
    if (length(names)) left_out[[reason]] <<- c(left_out[[reason]], names)
  }
  files <- list()
  classes <- character()
  top <- normalizePath(path)
  waiting <- list(list(inside = "", above = top))
  reals <- character()
  while (length(waiting)) {
    here <- waiting[[1]]
    waiting[[1]] <- NULL
    folder <- if (nzchar(here$inside)) file.path(path, here$inside) else path
    if (file.access(folder, 4) != 0 || file.access(folder, 1) != 0) {
      if (!grepl("/", here$inside, fixed = TRUE)) {
        abort_intertwine(
          "The folder '{folder}' cannot be read.",
          class = "file", hint = "Change its permissions, or move it elsewhere.", call = call
        )
      }
      leave_out("not readable", here$inside)
      next
    }
    entries <- list.files(folder, all.files = TRUE, no.. = TRUE)
    within <- function(x) if (nzchar(here$inside) && length(x)) paste0(here$inside, "/", x) else x
    readable <- validUTF8(entries)
    leave_out("with a name that is no UTF-8", within(iconv(entries[!readable], "UTF-8", "UTF-8", sub = "byte")))
    entries <- entries[readable]
    about <- file.info(file.path(folder, entries), extra_cols = FALSE)
    picture <- grepl(pattern, entries, ignore.case = TRUE)
    hidden <- startsWith(entries, ".") | entries == "__MACOSX"
    is_folder <- about$isdir %in% TRUE
    leave_out("a link to nothing", within(entries[picture & is.na(about$isdir)]))
    for (name in entries[is_folder & hidden]) {
      if (any(grepl(pattern, list.files(file.path(folder, name), all.files = TRUE), ignore.case = TRUE))) {
        leave_out("hidden", within(name))
      }
    }
    is_file <- picture & about$isdir %in% FALSE
    leave_out("hidden", within(entries[is_file & hidden]))
    leave_out("empty", within(entries[is_file & !hidden & about$size == 0]))
    files[[length(files) + 1]] <- within(entries[is_file & !hidden & about$size > 0])
    for (name in entries[is_folder & !hidden]) {
      real <- normalizePath(file.path(folder, name))
      # the root of all folders ends in a slash already
      if (any(startsWith(paste0(here$above, "/"), paste0(sub("/$", "", real), "/")))) {
        leave_out("a link to a folder that holds it", within(name))
        next
      }
      if (!nzchar(here$inside)) {
        if (real %in% reals) {
          abort_intertwine(
            "The classes '{classes[match(real, reals)]}' and '{name}' are the same folder.",
            class = "file", hint = "Remove the link.", call = call
          )
        }
        classes <- c(classes, name)
        reals <- c(reals, real)
      }
      waiting[[length(waiting) + 1]] <- list(inside = within(name), above = c(here$above, real))
    }
  }
  list(files = as_utf8(unlist(files) %||% character()), classes = as_utf8(classes), left_out = left_out)
}

#' One warning for all that is left out of a folder: how many for which reason, and a few names.
#' @noRd
warn_left_out <- function(path, left_out, classes) {
  few <- function(names) {
    names <- sort(names, method = "radix")
    more <- if (length(names) > 3) paste0(" and ", length(names) - 3, " more")
    paste0(paste(utils::head(names, 3), collapse = ", "), more)
  }
  said <- character()
  if (length(left_out)) {
    parts <- paste0(lengths(left_out), " ", names(left_out), " (", vapply(left_out, few, ""), ")")
    said <- paste0(sum(lengths(left_out)), " left out of '", path, "': ", paste(parts, collapse = "; "), ".")
  }
  alike <- unique(tolower(classes)[duplicated(tolower(classes))])
  for (one in alike) {
    pair <- classes[tolower(classes) == one]
    said <- c(said, paste0("The classes '", pair[1], "' and '", pair[2], "' differ in case alone."))
  }
  if (length(said)) {
    warn_intertwine("{paste(said, collapse = ' ')}", "data_warning")
  }
}

folder_classes <- function(folders) {
  factor(folders, levels = sort(unique(folders), method = "radix"))
}

as_picture_size <- function(size, call = rlang::caller_env()) {
  if (is.null(size)) {
    return(NULL)
  }
  size <- as_whole(size, min = 1, arg = "size", call = call)
  if (length(size) > 2) {
    abort_intertwine(
      "`size` must be one or two whole numbers, height and width, not {describe_value(size)}.",
      call = call
    )
  }
  rep_len(size, 2)
}

#' A folder whose class numbers are those of a network, or an error that names the class that the network does not know.
#'
#' What is no folder, or has no classes, stays as it is.
#' @noRd
match_folder <- function(x, levels, arg = "newdata", call = rlang::caller_env()) {
  if (!is_image_folder(x) || is.null(x$y) || is.null(levels)) {
    return(x)
  }
  y <- match_levels(droplevels(x$y), levels, arg, call, more = " To predict without classes, {arg}$y <- NULL.")
  new_image_folder(x$path, x$files, y, x$size, x$channels, x$max_pixels, x$asked)
}

#' @export
length.image_folder <- function(x) {
  length(x$files)
}

#' @export
dim.image_folder <- function(x) {
  c(length(x$files), x$channels, x$size)
}

#' @export
`[.image_folder` <- function(x, i, ...) {
  if (missing(i)) {
    return(x)
  }
  chosen <- as_positions(i, length(x$files), what = "image", arg = "i")
  new_image_folder(x$path, x$files[chosen], x$y[chosen], x$size, x$channels, x$max_pixels, x$asked, x$masks)
}

#' @export
format.image_folder <- function(x, ...) {
  n <- length(x$files)
  header <- paste0(
    "<image_folder> ", n, " image", if (n != 1) "s", " of ", shape_text(x$size), " pixels, ",
    x$channels, " channel", if (x$channels != 1) "s"
  )
  counts <- table(x$y)
  few <- utils::head(counts, 10)
  classes <- if (!is.null(x$masks)) {
    paste0("masks of ", length(x$masks$levels), " classes: ", listed(utils::head(x$masks$levels, 10)))
  } else if (is.null(x$y)) {
    "no classes"
  } else {
    paste0(
      length(counts), if (length(counts) == 1) " class: " else " classes: ",
      paste0(names(few), " (", few, ")", collapse = ", "), if (length(counts) > length(few)) ", ..."
    )
  }
  c(header, classes, paste0("in '", x$path, "', read when needed"))
}

#' @export
print.image_folder <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
str.image_folder <- function(object, ...) {
  cat("", paste(format(object), collapse = ", "), "\n")
  invisible(NULL)
}

#' @export
as_input.image_folder <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  if (length(x$files) == 0) {
    abort_intertwine("`{arg}` holds no samples.", class = "shape", call = call)
  }
  if (!dir.exists(x$path)) {
    abort_intertwine(
      "There is no folder '{x$path}' any more.",
      class = "file", hint = "Make it again with image_folder().", call = call
    )
  }
  list(
    value = py_call_checked(
      "_r.training.image_folder",
      list(
        as_utf8(x$path), x$files, levels(x$y), x$channels, as.list(x$size), x$max_pixels %||% 5e7, x$asked %||% TRUE,
        if (!is.null(x$masks)) list(as_utf8(x$masks$path), as.list(x$masks$levels))
      ), call
    ),
    n = length(x$files), size = dim(x)[-1], names = x$files, classes = x$y, is_folder = TRUE, pixels = x$masks$levels
  )
}
