// Special functions of doubles beside values that were computed in 40 digits and more.
#include "neura/tensor/special/special.h"

#include <gtest/gtest.h>

#include <cmath>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Values;

struct Sample {
  double x, value;
};

void ExpectValues(const char* name, Tensor (*function)(const Tensor&),
                  const std::vector<Sample>& samples) {
  for (const Sample& sample : samples) {
    const double actual = function(Full({}, sample.x, {.dtype = kFloat64})).Item<double>();
    EXPECT_NEAR(actual / sample.value, 1, 4e-15) << name << "(" << sample.x << ")";
  }
}

TEST(SpecialTest, BesselAndAiryFunctions) {
  ExpectValues("bessel_y0", &BesselY0,
               {{1e-05, -7.403160283701970081},
                {0.5, -0.4445187335067065571},
                {2.0, 0.5103756726497451196},
                {7.5, 0.1173132861482086308},
                {30.0, -0.1172957316866640253},
                {1000.0, 0.0047159179776228134}});
  ExpectValues("bessel_y1", &BesselY1,
               {{1e-05, -63661.97727536547995},
                {0.5, -1.471472392670243069},
                {2.0, -0.1070324315409375469},
                {7.5, -0.2591285104861162518},
                {30.0, 0.08442557066174723489},
                {1000.0, -0.02478433129235177891}});
  ExpectValues("k0", &BesselK0e,
               {{1e-09, 20.83919737344402091},
                {0.125, 2.501843440219129388},
                {1.0, 1.144463079806895015},
                {1.5, 0.9582100532948964964},
                {9.0, 0.4122955492314180736},
                {40.0, 0.1975555849572981688},
                {1000000.0, 0.00125331398065132121}});
  ExpectValues("k1", &BesselK1e,
               {{1e-09, 1000000000.999999928},
                {0.125, 8.873819586426329491},
                {1.0, 1.636153486263258247},
                {1.5, 1.243165873552552995},
                {9.0, 0.4346252453474346721},
                {40.0, 0.2000099672544334841},
                {1000000.0, 0.001253314607308154872}});
  ExpectValues("ai", +[](const Tensor& x) { return AiryAi(x); },
               {{-12.5, -0.2762745613811602482},
                {-5.0, 0.3507610090241143198},
                {-2.25, 0.06159865877700527752},
                {-1.0, 0.5355608832923521188},
                {0.0, 0.3550280538878172393},
                {0.75, 0.1793363054786452336},
                {1.25, 0.09964454475691667147},
                {3.0, 0.006591139357460719144},
                {8.0, 4.692207616099231626e-8}});
}

TEST(SpecialTest, AtTheEndsOfTheirDomains) {
  const Tensor x = FromList<double>({-1, 0, INFINITY});
  for (const auto& function : {&BesselY0, &BesselY1, &BesselK0e, &special::ModifiedBesselK1}) {
    const std::vector<float> y = Values(function(x));
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_TRUE(std::isinf(y[1]));
    EXPECT_EQ(y[2], 0);
  }
  EXPECT_EQ(Values(AiryAi(x))[2], 0);
  EXPECT_EQ(Values(AiryAi(FromList<double>({-INFINITY})))[0], 0);
  EXPECT_EQ(Values(AiryAi(FromList<double>({1e200})))[0], 0);
  EXPECT_TRUE(std::isnan(Values(AiryAi(FromList<double>({NAN})))[0]));
  EXPECT_EQ(Values(special::SphericalBesselJ0(x))[1], 1);
  EXPECT_EQ(Values(special::SphericalBesselJ0(x))[2], 0);
  EXPECT_EQ(special::I0(FromList<bool>({true})).dtype(), kFloat32);
  const Tensor byte = special::ModifiedBesselK0(FromList<uint8_t>({1}));
  EXPECT_NEAR(byte.Item<double>(), 0.4210244, 1e-6);
}

TEST(SpecialTest, IncompleteGammaFunctionsOfLargeNumbers) {
  struct Parts {
    double a, x, lower, upper;
  };
  for (const Parts& parts : {
           Parts{10000.0, 10000.0, 0.5013298083399552004, 0.4986701916600447996},
           Parts{20000.0, 19700.0, 0.01659981596902385702, 0.983400184030976143},
           Parts{1000000.0, 1003000.0, 0.9986382593537824085, 0.001361740646217591479},
           Parts{100000000.0, 100000000.0, 0.5000132980760141199, 0.4999867019239858801},
           Parts{10000000000.0, 9999700000.0, 0.001349779851443315786, 0.9986502201485566842},
           Parts{1000000000000.0, 1000002000000.0, 0.9772498140608812751, 0.02275018593911872488},
       }) {
    const Tensor a = Full({}, parts.a, {.dtype = kFloat64});
    const Tensor x = Full({}, parts.x, {.dtype = kFloat64});
    EXPECT_NEAR(GammaInc(a, x).Item<double>() / parts.lower, 1, 1e-14)
        << parts.a << ", " << parts.x;
    EXPECT_NEAR(GammaIncC(a, x).Item<double>() / parts.upper, 1, 1e-14)
        << parts.a << ", " << parts.x;
  }
}

}  // namespace
}  // namespace neura
