// Layers that surround.
#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

// Cases in one, two and three dimensions, the last of which sets two amounts for each.
template <typename One, typename Two, typename Three, typename Options>
void AddThree(std::vector<LayerCase>& cases, const std::string& name, Source source,
              const std::string& more, const Options& options, double otherwise = 0) {
  Options one = options, two = options, three = options;
  one.padding = {2};
  two.padding = {1};
  three.padding = {1, 0, 0, 1, 1, 1};
  cases.push_back(Case<One>(name + "1d/all", Sample({2, 2, 4}, 1),
                            Surrounded({2, 2, 4}, {2}, {2, 2, 8}, source, otherwise),
                            "padding=[2, 2]" + more, one));
  cases.push_back(Case<Two>(name + "2d/all", Sample({1, 2, 2, 3}, 1),
                            Surrounded({1, 2, 2, 3}, {1, 1}, {1, 2, 4, 5}, source, otherwise),
                            "padding=[1, 1, 1, 1]" + more, two));
  cases.push_back(
      Case<Three>(name + "3d/each", Sample({1, 1, 2, 2, 3}, 1),
                  Surrounded({1, 1, 2, 2, 3}, {1, 0, 1}, {1, 1, 4, 3, 4}, source, otherwise),
                  "padding=[1, 0, 0, 1, 1, 1]" + more, three));
}

}  // namespace

void AddPaddingCases(std::vector<LayerCase>& cases) {
  AddThree<ConstantPad1d, ConstantPad2d, ConstantPad3d>(cases, "ConstantPad", Inside, ", value=1.5",
                                                        ConstantPadOptions{.value = 1.5}, 1.5);
  AddThree<ZeroPad1d, ZeroPad2d, ZeroPad3d>(cases, "ZeroPad", Inside, "", PaddingOptions());
  AddThree<ReflectionPad1d, ReflectionPad2d, ReflectionPad3d>(cases, "ReflectionPad", Mirrored, "",
                                                              PaddingOptions());
  AddThree<ReplicationPad1d, ReplicationPad2d, ReplicationPad3d>(cases, "ReplicationPad", Outermost,
                                                                 "", PaddingOptions());
  AddThree<CircularPad1d, CircularPad2d, CircularPad3d>(cases, "CircularPad", Around, "",
                                                        PaddingOptions());
  cases.push_back(Case<ConstantPad1d>(
      "ConstantPad1d/less", Sample({2, 2, 4}, 1), Surrounded({2, 2, 4}, {-1}, {2, 2, 5}, Inside, 1),
      "padding=[-1, 2], value=1", ConstantPadOptions{.padding = {-1, 2}, .value = 1}));
}

}  // namespace neura::nn::testing
