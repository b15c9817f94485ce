// A training that is killed again and again ends with the bits of one that nobody disturbs.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "neura/trainer/testing.h"

namespace neura::trainer {
namespace {

void TrainIn(const std::string& folder) {
  testing::SmallRun run({.max_epochs = 40});
  const auto& checkpoint = run.trainer.Add<ModelCheckpoint>(
      {.folder = folder, .monitor = "val_loss", .every_n_steps = 1});
  run.trainer.Add<CsvLogger>({.path = folder + "/metrics.csv"});
  const bool resumes = std::filesystem::exists(checkpoint.last_path());
  run.Fit(resumes ? checkpoint.last_path() : "");
}

// Starts the training as another process.
pid_t Start(const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "kill_test", "--train", folder.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string NewFolder(const std::string& name) {
  const std::string folder = ::testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(KillTest, EndsWithTheSameBits) {
  const char* const wanted = std::getenv("NEURA_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  const std::string whole = NewFolder("whole"), broken = NewFolder("broken");
  const auto start = std::chrono::steady_clock::now();
  int status = 0;
  ASSERT_GT(waitpid(Start(whole), &status, 0), 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  const std::chrono::duration<double> takes = std::chrono::steady_clock::now() - start;

  // Moments that spread the kills over the whole run, whatever the machine's speed.
  std::mt19937 random(1);
  std::uniform_real_distribution<double> moment(0, 3 * takes.count() / kills);
  int killed = 0;
  for (bool done = false; !done;) {
    const pid_t child = Start(broken);
    ASSERT_GT(child, 0);
    if (killed < kills) {
      std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
      kill(child, SIGKILL);
    }
    ASSERT_EQ(waitpid(child, &status, 0), child);
    done = WIFEXITED(status);
    ASSERT_TRUE(!done || WEXITSTATUS(status) == 0);
    killed += !done;
  }
  std::cout << "killed " << killed << " times\n";
  EXPECT_GE(killed, std::min(kills, 3));
  EXPECT_EQ(Bytes(broken + "/metrics.csv"), Bytes(whole + "/metrics.csv"));
  for (const char* name : {"/last.safetensors", "/best.safetensors"}) {
    EXPECT_FALSE(Bytes(whole + name).empty());
    EXPECT_EQ(Bytes(broken + name), Bytes(whole + name)) << name;
  }
  // No half of a file has been left behind.
  for (const auto& entry : std::filesystem::directory_iterator(broken)) {
    EXPECT_TRUE(std::filesystem::exists(whole / entry.path().filename())) << entry.path();
  }
}

}  // namespace
}  // namespace neura::trainer

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--train") {
    neura::trainer::TrainIn(argv[2]);
    return 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
