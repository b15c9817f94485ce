#include "neura/python/extension/data_files.h"

#include <pybind11/stl.h>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/data/data.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

Tensor OrThrow(absl::StatusOr<Tensor> image) {
  if (!image.ok()) ThrowStatus(image.status());
  return *std::move(image);
}

data::ImageReadMode ModeOf(int64_t mode) {
  if (mode < 0 || mode > 4) {
    ThrowInvalidArgument("mode: an ImageReadMode, from 0 to 4, is expected, not " +
                         std::to_string(mode));
  }
  return static_cast<data::ImageReadMode>(mode);
}

Tensor DecodeBuffer(const py::buffer& bytes, int64_t mode) {
  const py::buffer_info info = bytes.request();
  const data::ImageReadMode wanted = ModeOf(mode);
  if (info.ndim > 1 || (info.ndim == 1 && info.strides[0] != info.itemsize)) {
    ThrowInvalidArgument("decode_image: contiguous bytes of one dimension are expected");
  }
  const std::string_view view(static_cast<const char*>(info.ptr),
                              static_cast<size_t>(info.size * info.itemsize));
  return WithoutGil([&] { return OrThrow(data::DecodeImage(view, wanted)); });
}

Tensor DecodeTensor(const Tensor& bytes, int64_t mode) {
  const data::ImageReadMode wanted = ModeOf(mode);
  if (!bytes.defined() || bytes.dtype() != kUInt8 || bytes.dim() != 1 || bytes.device() != kCpu) {
    ThrowInvalidArgument("decode_image: a tensor uint8 [bytes] on the CPU is expected, not " +
                         Describe(bytes));
  }
  return WithoutGil([&] {
    const Tensor whole = Contiguous(bytes);
    return OrThrow(data::DecodeImage(
        {reinterpret_cast<const char*>(whole.data<uint8_t>()), static_cast<size_t>(whole.numel())},
        wanted));
  });
}

py::object ToObject(const std::string& text) {
  PyObject* const object =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}
py::object ToObject(const data::Row& row) {
  py::tuple result(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    result[i] = std::visit(
        [](const auto& cell) -> py::object {
          using T = std::decay_t<decltype(cell)>;
          if constexpr (std::is_same_v<T, std::monostate>) {
            return py::none();
          } else if constexpr (std::is_same_v<T, std::string>) {
            return ToObject(cell);
          } else {
            return py::cast(cell);
          }
        },
        row[i]);
  }
  return result;
}
py::object ToObject(const data::TarExample& example) {
  py::dict result;
  for (const auto& part : example) {
    result[ToObject(part.first)] =
        part.first == "__key__" ? ToObject(part.second) : py::object(py::bytes(part.second));
  }
  return result;
}

// A stream of examples as an iterator, from which several threads may take.
template <typename Stream>
class Examples {
 public:
  template <typename... Arguments>
  explicit Examples(Arguments&&... arguments) : stream_(std::forward<Arguments>(arguments)...) {}

  py::object Next() {
    auto example = WithoutGil([&] {
      const std::lock_guard lock(mutex_);
      return stream_.Next();
    });
    if (!example) throw py::stop_iteration();
    return ToObject(*example);
  }
  const Stream& stream() const { return stream_; }

 private:
  std::mutex mutex_;
  Stream stream_;
};

template <typename Stream>
py::class_<Examples<Stream>> BindExamples(py::module_& m, const char* name) {
  return py::class_<Examples<Stream>>(m, name)
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", &Examples<Stream>::Next);
}

template <typename Stream, typename... Arguments>
std::unique_ptr<Examples<Stream>> Begin(const Arguments&... arguments) {
  return WithoutGil([&] { return std::make_unique<Examples<Stream>>(arguments...); });
}

using Csv = data::CsvDataset::Stream;
using Lines = data::TextLineDataset::Stream;
using Tar = data::TarDataset::Stream;

// Types are "int", "float" and "str".
std::unique_ptr<Examples<Csv>> BeginCsv(const std::string& path, bool header, char delimiter,
                                        const std::vector<std::string>& types, int64_t part,
                                        int64_t parts) {
  data::CsvOptions options{.header = header, .delimiter = delimiter};
  for (const std::string& type : types) {
    options.types.push_back(type == "int"     ? data::CsvType::kInt
                            : type == "float" ? data::CsvType::kFloat
                                              : data::CsvType::kText);
  }
  return Begin<Csv>(path, options, part, parts);
}

data::Example<2> CallMix(double alpha, int64_t num_classes, bool cut, const Tensor& images,
                         const Tensor& labels) {
  return WithoutGil([&] {
    const RandomState state = DefaultGenerator().Reserve(1);
    // The streams of no pass over a dataset.
    data::SampleRandom random({.seed = state.seed, .number = -3},
                              static_cast<int64_t>(state.offset));
    if (cut) return data::CutMix{alpha, num_classes}(images, labels, random);
    return data::MixUp{alpha, num_classes}(images, labels, random);
  });
}

}  // namespace

void InitDataFiles(py::module_& m) {
  m.def("decode_image", &DecodeTensor);
  m.def("decode_image", &DecodeBuffer);
  m.def("read_image", [](const std::string& path, int64_t mode) {
    const data::ImageReadMode wanted = ModeOf(mode);
    return WithoutGil([&] { return OrThrow(data::ReadImage(path, wanted)); });
  });
  m.def("encode_png", [](const Tensor& image, int64_t level) {
    return py::bytes(WithoutGil([&] { return data::EncodePng(image, level); }));
  });
  m.def("encode_jpeg", [](const Tensor& image, int64_t quality) {
    return py::bytes(WithoutGil([&] { return data::EncodeJpeg(image, quality); }));
  });
  m.def("mix", [](double alpha, int64_t num_classes, bool cut, const Tensor& images,
                  const Tensor& labels) {
    const data::Example<2> mixed = CallMix(alpha, num_classes, cut, images, labels);
    return py::make_tuple(mixed[0], mixed[1]);
  });
  BindExamples<Csv>(m, "CsvRows").def_property_readonly("header", [](const Examples<Csv>& self) {
    return self.stream().header();
  });
  BindExamples<Lines>(m, "Lines");
  BindExamples<Tar>(m, "TarExamples");
  m.def("csv_rows", &BeginCsv);
  m.def("lines", &Begin<Lines, std::string, int64_t, int64_t>);
  m.def("tar_examples", &Begin<Tar, std::vector<std::string>, int64_t, int64_t>);
}

}  // namespace neura::python
