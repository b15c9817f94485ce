// Which of a model's modules is running, by the names that its root has for them.
#ifndef NEURA_PYTHON_EXTENSION_NAMED_MODULES_H_
#define NEURA_PYTHON_EXTENSION_NAMED_MODULES_H_

#include <pybind11/pybind11.h>

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace neura::python {

// While alive, ModulePath() on this thread is the name of the innermost of these that runs.
class NamedModules {
 public:
  explicit NamedModules(const std::vector<std::pair<std::string, pybind11::object>>& modules);
  ~NamedModules();
  NamedModules(const NamedModules&) = delete;
  NamedModules& operator=(const NamedModules&) = delete;

 private:
  friend class RunningModule;
  friend std::string PathOfNamed();

  std::unordered_map<PyObject*, std::string> names_;
  std::vector<PyObject*> running_;  // outermost first
  NamedModules* outer_;
};

// While alive, a module that is called.
class RunningModule {
 public:
  explicit RunningModule(PyObject* module);
  ~RunningModule();
  RunningModule(const RunningModule&) = delete;
  RunningModule& operator=(const RunningModule&) = delete;

 private:
  NamedModules* named_;
};

// Makes ModulePath() know them.
void InitNamedModules();

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_NAMED_MODULES_H_
