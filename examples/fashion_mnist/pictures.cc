#include "neura/examples/fashion_mnist/pictures.h"

#include <cairo/cairo.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/io/atomic_file.h"

namespace neura::examples {
namespace {

struct Color {
  double red, green, blue;
};
constexpr Color kInk = {0.15, 0.15, 0.2};
constexpr Color kRed = {0.85, 0.15, 0.15};
constexpr Color kGreen = {0.1, 0.5, 0.25};

// A white page with the few things that are drawn here.
class Page {
 public:
  Page(int width, int height)
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)),
        cairo_(cairo_create(surface_)) {
    cairo_set_source_rgb(cairo_, 1, 1, 1);
    cairo_paint(cairo_);
    cairo_select_font_face(cairo_, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  }
  ~Page() {
    cairo_destroy(cairo_);
    cairo_surface_destroy(surface_);
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  // `anchor`: 0 the text starts at x, 0.5 is centred on it, 1 ends there.
  void Text(double x, double y, const std::string& text, double size, Color color,
            double anchor = 0) {
    SetColor(color);
    cairo_set_font_size(cairo_, size);
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_, text.c_str(), &extents);
    cairo_move_to(cairo_, x - anchor * extents.x_advance, y);
    cairo_show_text(cairo_, text.c_str());
    cairo_new_path(cairo_);  // or the next line would start where the text ended
  }

  void Frame(double x, double y, double size, Color color, double width) {
    SetColor(color);
    cairo_set_line_width(cairo_, width);
    cairo_rectangle(cairo_, x, y, size, size);
    cairo_stroke(cairo_);
  }

  // A grey image [H, W] of values in [0, 1], each pixel `scale` wide.
  void Image(double x, double y, const Tensor& image, double scale) {
    const Tensor pixels = Contiguous(image);
    const float* data = pixels.data<float>();
    for (int64_t row = 0; row < pixels.size(0); ++row) {
      for (int64_t col = 0; col < pixels.size(1); ++col) {
        const double grey = 1 - static_cast<double>(data[row * pixels.size(1) + col]);
        SetColor({grey, grey, grey});
        cairo_rectangle(cairo_, x + static_cast<double>(col) * scale,
                        y + static_cast<double>(row) * scale, scale, scale);
        cairo_fill(cairo_);
      }
    }
  }

  void Save(const std::string& path) {
    std::string png;
    const cairo_write_func_t append = [](void* to, const unsigned char* data, unsigned int size) {
      static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(data), size);
      return CAIRO_STATUS_SUCCESS;
    };
    const cairo_status_t status = cairo_surface_write_to_png_stream(surface_, append, &png);
    if (status != CAIRO_STATUS_SUCCESS) {
      throw Error(absl::StatusCode::kUnavailable,
                  absl::StrCat("cannot write ", path, ": ", cairo_status_to_string(status)));
    }
    WriteFileAtomically(path, {png});
  }

 private:
  void SetColor(Color c) { cairo_set_source_rgb(cairo_, c.red, c.green, c.blue); }

  cairo_surface_t* surface_;
  cairo_t* cairo_;
};

}  // namespace

void DrawContactSheet(const Images& test, const Tensor& predictions, const std::string& path) {
  constexpr int64_t kColumns = 10, kRows = 8;
  constexpr double kCell = 100, kRowHeight = 124, kScale = 3, kLeft = 20, kTop = 56;
  const Tensor& images = test.tensors()[0];
  const Tensor& labels = test.tensors()[1];
  Page page(static_cast<int>(2 * kLeft + kColumns * kCell),
            static_cast<int>(kTop + kRows * kRowHeight + 10));
  int64_t wrong = 0;
  const int64_t shown = std::min<int64_t>(kColumns * kRows, images.size(0));
  for (int64_t i = 0; i < shown; ++i) {
    const double x = kLeft + static_cast<double>(i % kColumns) * kCell + 8;
    const double y = kTop + static_cast<double>(i / kColumns) * kRowHeight;
    const auto label = static_cast<size_t>(labels.data<int64_t>()[i]);
    const auto predicted = static_cast<size_t>(predictions.data<int64_t>()[i]);
    Tensor image = Select(Select(images, 0, i), 0, 0);
    image = (image - AMin(image)) / (AMax(image) - AMin(image));
    page.Image(x, y, image, kScale);
    const bool right = label == predicted;
    const auto& names = data::kFashionMnistClasses;
    const double center = x + 14 * kScale;
    page.Text(center, y + 97, std::string(names[predicted]), 11, right ? kGreen : kRed, 0.5);
    if (right) continue;
    ++wrong;
    page.Frame(x - 1, y - 1, 28 * kScale + 2, kRed, 2);
    page.Text(center, y + 110, absl::StrCat("is ", std::string(names[label])), 10, kInk, 0.5);
  }
  page.Text(kLeft + 8, 32,
            absl::StrCat("The first ", shown, " test images and what the network takes them for; ",
                         wrong, " wrong, framed in red"),
            16, kInk);
  page.Save(path);
}

}  // namespace neura::examples
