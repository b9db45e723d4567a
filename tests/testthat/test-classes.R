test_that("the class filter puts short names first", {
  classes <- c(
    "intertwine.nn.conv.grid_conv.R2Conv", "intertwine.nn.base.module.EquivariantModule", "torch.nn.modules.module.Module",
    "python.builtin.object"
  )
  expect_identical(short_classes(classes), c("r2_conv", "equivariant_module", "intertwine_object", classes))
  group <- c(
    "intertwine.group.catalogue.cyclic_dihedral.CyclicGroup", "intertwine.group.core.group.Group", "python.builtin.object"
  )
  expect_identical(short_classes(group)[1:3], c("cyclic_group", "symmetry_group", "intertwine_object"))
  mine <- c("__main__.MyNet", "intertwine.nn.base.module.EquivariantModule", "python.builtin.object")
  expect_identical(short_classes(mine)[1:2], c("equivariant_module", "intertwine_object"))
})

test_that("the class filter leaves others and exceptions alone, and works once", {
  expect_identical(short_classes("torch.Tensor"), "torch.Tensor")
  error <- c("intertwine.errors.GroupError", "python.builtin.BaseException")
  expect_identical(short_classes(error), error)
  once <- short_classes(c("intertwine.fields.field_type.FieldType", "python.builtin.object"))
  expect_identical(short_classes(once), once)
})

test_that("names become snake case", {
  expect_identical(snake_case(c("GroupElement", "R2Conv", "HTTPServer")), c("group_element", "r2_conv", "http_server"))
})

test_that("references from another session say so", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  file <- withr::local_tempfile(fileext = ".rds")
  type <- field_type(gs, trivial = 1)
  objects <- list(
    tensor = geometric_tensor(matrix(0, 3, 3), type), type = type, rho = regular_repr(gs),
    conv = r2_conv(type, out = c(regular = 1), kernel_size = 3), g = group_element(gs, rotation = 1)
  )
  saveRDS(objects, file)
  dead <- readRDS(file)
  expect_snapshot({
    dead$tensor
    dead$conv
    show_error(dead$tensor$tensor)
  })
  expect_error(dead$conv$in_type, class = "intertwine_error_dead_pointer")
  expect_error(dead$conv(matrix(0, 3, 3)), "intertwine_load", class = "intertwine_error_dead_pointer")
  expect_error(dead$rho(objects$g), class = "intertwine_error_dead_pointer")
  expect_error(objects$conv(dead$tensor), class = "intertwine_error_dead_pointer")
  expect_error(dead$type(matrix(0, 3, 3)), class = "intertwine_error_dead_pointer")
  expect_error(dim(dead$tensor), class = "intertwine_error_dead_pointer")
  expect_error(dead$g * objects$g, class = "intertwine_error_dead_pointer")
  expect_error(dead$type |> nonlin_relu(), class = "intertwine_error_dead_pointer")
})

test_that("sizes come as R integers", {
  skip_if_no_python()
  x <- geometric_tensor(matrix(0, 3, 3), field_type(gspace_rot2d(4), trivial = 1))
  expect_identical(x$shape, c(1L, 1L, 3L, 3L))
  expect_s3_class(x$type, "field_type")
})
