#include "neura/python/extension/pickle_check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"

namespace neura::python {
namespace {

// The pickler itself recurses, and gives up earlier.
constexpr uint32_t kMaxDepth = 1000;

// What the opcodes of protocols 2 and 4 (Lib/pickletools.py describes them) do to the stack, with
// the depth of each object instead of the object. A container is filled before anything else holds
// it: whoever fills one that was fetched from the memo could nest without end and unseen.
class Machine {
 public:
  explicit Machine(std::string_view bytes) : rest_(bytes) {}

  std::string Run() {
    while (problem_.empty()) {
      if (rest_.empty()) return "it ends too early";
      const auto opcode = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      if (opcode == '.') return "";
      Step(opcode);
    }
    return problem_;
  }

 private:
  struct Entry {
    size_t object;  // in depths_
    bool from_memo = false;
  };

  void Step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        return Skip(1);
      case 0x95:  // FRAME
        return Skip(8);
      case 'N':
      case 0x88:
      case 0x89:
        return Push(0);
      case 'K':
        return PushAfter(1);
      case 'M':
        return PushAfter(2);
      case 'J':
        return PushAfter(4);
      case 'G':
        return PushAfter(8);
      case 0x8a:  // LONG1
      case 'C':
      case 0x8c:
        return PushAfter(Number(1));
      case 0x8b:  // LONG4
      case 'B':
      case 'X':
        return PushAfter(Number(4));
      case 0x8d:
      case 0x8e:
        return PushAfter(Number(8));
      case ']':
      case '}':
      case 0x8f:
        return Push(1);
      case ')':
        return Push(1);
      case 0x85:
      case 0x86:
      case 0x87:
        return Gather(size_t{opcode} - 0x84);
      case 't':
      case 0x91:  // FROZENSET
        return Gather(AboveMark());
      case 'a':
        return Fill(1);
      case 's':
        return Fill(2);
      case 'e':
      case 'u':
      case 0x90:  // ADDITEMS
        return Fill(AboveMark());
      case 'b':  // BUILD
        return Fill(1);
      case 'R':
      case 0x81:  // NEWOBJ
        return Gather(2);
      case 0x92:  // NEWOBJ_EX
        return Gather(3);
      case 0x93:  // STACK_GLOBAL
        Pop(2);
        return Push(0);
      case '(':
        return marks_.push_back(stack_.size());
      case '0':
        if (!marks_.empty() && marks_.back() == stack_.size()) return marks_.pop_back();
        return void(Pop(1));
      case '1':  // POP_MARK
        return void(Pop(AboveMark()));
      case 0x94:  // MEMOIZE
        if (stack_.empty()) return Fail("it is out of order");
        return memo_.push_back(stack_.back().object);
      case 'q':  // BINPUT
        return Put(Number(1));
      case 'r':
        return Put(Number(4));
      case 'c':  // GLOBAL
        SkipLine();
        SkipLine();
        return Push(0);
      case 'Q':  // BINPERSID
        return Gather(1);
      case 'h':
        return Fetch(Number(1));
      case 'j':
        return Fetch(Number(4));
      default:
        return Fail(absl::StrCat("files of tensors have no opcode ", int{opcode}));
    }
  }

  void Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  uint64_t Number(size_t width) {
    uint64_t number = 0;  // little-endian, as the machine is
    if (rest_.size() >= width) std::memcpy(&number, rest_.data(), width);
    Skip(width);
    return number;
  }

  void Skip(uint64_t count) {
    if (count > rest_.size()) return Fail("it ends too early");
    rest_.remove_prefix(count);
  }

  void SkipLine() {
    const size_t end = rest_.find('\n');
    if (end == rest_.npos) return Fail("it ends too early");
    rest_.remove_prefix(end + 1);
  }

  void Push(uint32_t depth) {
    if (depth > kMaxDepth) {
      return Fail(absl::StrCat("its objects are nested more than ", kMaxDepth, " deep"));
    }
    stack_.push_back({depths_.size()});
    depths_.push_back(depth);
  }

  void PushAfter(uint64_t skipped) {
    Skip(skipped);
    Push(0);
  }

  // Picklers number places in turn.
  void Put(uint64_t place) {
    if (stack_.empty() || place > memo_.size()) return Fail("it is out of order");
    if (place == memo_.size()) memo_.push_back(0);
    memo_[place] = stack_.back().object;
  }

  void Fetch(uint64_t place) {
    if (place >= memo_.size()) return Fail("it names an object that is not there");
    stack_.push_back({memo_[place], true});
  }

  // How many entries are above the last mark, which goes.
  size_t AboveMark() {
    if (marks_.empty()) {
      Fail("it is out of order");
      return 0;
    }
    const size_t mark = marks_.back();
    marks_.pop_back();
    return stack_.size() - mark;
  }

  // The depth of the deepest of the entries that go.
  uint32_t Pop(size_t count) {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() < floor + count) {
      Fail("it is out of order");
      return 0;
    }
    uint32_t deepest = 0;
    for (; count > 0; --count) {
      deepest = std::max(deepest, depths_[stack_.back().object]);
      stack_.pop_back();
    }
    return deepest;
  }

  // A new object that holds the last `count`.
  void Gather(size_t count) {
    const uint32_t deepest = Pop(count);
    Push(deepest + 1);
  }

  // The last `count` go into the one before them.
  void Fill(size_t count) {
    const uint32_t depth = Pop(count) + 1;
    if (stack_.empty() || stack_.back().from_memo) return Fail("it is out of order");
    uint32_t& target = depths_[stack_.back().object];
    target = std::max(target, depth);
    if (target > kMaxDepth) Push(target);  // says so
  }

  std::string_view rest_;
  std::string problem_;
  std::vector<uint32_t> depths_;
  std::vector<Entry> stack_;
  std::vector<size_t> marks_;
  std::vector<size_t> memo_;
};

}  // namespace

std::string CheckPickle(std::string_view bytes) { return Machine(bytes).Run(); }

}  // namespace neura::python
