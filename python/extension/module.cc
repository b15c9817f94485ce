// The extension module neura._C.
#include <pybind11/pybind11.h>

#include <algorithm>
#include <climits>

#include "neura/python/extension/autograd.h"
#include "neura/python/extension/binder.h"
#include "neura/python/extension/bound_errors.h"
#include "neura/python/extension/cli.h"
#include "neura/python/extension/composites.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/data.h"
#include "neura/python/extension/distributions.h"
#include "neura/python/extension/dlpack.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/factories.h"
#include "neura/python/extension/function.h"
#include "neura/python/extension/functional.h"
#include "neura/python/extension/grad_fn.h"
#include "neura/python/extension/init.h"
#include "neura/python/extension/io.h"
#include "neura/python/extension/memory_format.h"
#include "neura/python/extension/modules.h"
#include "neura/python/extension/namespaces.h"
#include "neura/python/extension/nn_functions.h"
#include "neura/python/extension/onnx.h"
#include "neura/python/extension/op_functions.h"
#include "neura/python/extension/optim.h"
#include "neura/python/extension/properties.h"
#include "neura/python/extension/sequences.h"
#include "neura/python/extension/settings.h"
#include "neura/python/extension/sparse.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/python/extension/trainer.h"
#include "neura/python/extension/values.h"
#include "neura/python/extension/varied_results.h"
#include "neura/python/extension/views_of_self.h"
#include "neura/tensor/core/printing.h"
#include "neura/tensor/parallel/thread_pool.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

PYBIND11_MODULE(_C, m) {
  InitErrors(m);
  InitConstructors(m);
  InitFunctionType(m);
  InitValues(m);
  InitTensorType(m);
  py::module_ functional = m.def_submodule("functional");
  InitMemoryFormat(m);
  InitTensorMethods(m);
  InitViewsOfSelf(m);
  InitConvert(m);
  InitDlpack(m);
  InitFactories(m);
  InitSparse(m);
  InitNnFunctions(m, functional);
  InitComposites(m, functional);
  InitNamespaces(m);
  InitVariedResults(m, functional);
  InitSettings(m);
  InitOpFunctions(m);
  InitAutograd(m);
  InitGradFn(m);
  InitIo(m);
  InitOnnx(m);
  InitCli(m);
  InitModules(m, functional);
  InitFunctional(m);
  InitNnInit(m);
  InitSequences(m);
  InitOptim(m);
  InitTrainer(m);
  InitDistributions(m);
  InitData(m);
  const Binder bind(m, "");
  bind("set_num_threads", "n", "Threads that compute", NEURA_FN((int64_t n), {
         // What an int does not hold is refused as any number that is too large.
         SetNumThreads(static_cast<int>(std::clamp<int64_t>(n, INT_MIN, INT_MAX)));
       }));
  m.attr("MAX_THREADS") = kMaxThreads;
  bind("get_num_threads", "", "Threads that compute",
       NEURA_FN((), { return static_cast<int64_t>(GetNumThreads()); }));
  bind("is_tensor", "obj", "Whether an object is a Tensor",
       NEURA_FN((const py::object& object),
                { return py::object(py::bool_(IsTensor(object.ptr()))); }),
       "bool");
  m.def("_elements_text",
        [](const Tensor& tensor, int64_t indent) { return ElementsText(tensor, indent); });
  MakeErrorsReadable(m);
}

}  // namespace
}  // namespace neura::python
