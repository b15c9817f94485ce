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
// Counts end here.
constexpr uint64_t kMuch = uint64_t{1} << 40;

// What the opcodes of protocols 2 and 4 (Lib/pickletools.py describes them) do to the stack, with
// the extent of each object instead of the object. A container is filled before anything else holds
// it: whoever fills one that was fetched from the memo could nest without end and unseen.
class Machine {
 public:
  explicit Machine(std::string_view bytes)
      : rest_(bytes), most_(std::max<uint64_t>(16 * bytes.size(), uint64_t{1} << 22)) {}

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
    size_t object;  // in extents_
    bool from_memo = false;
    bool named = false;  // a class or a function, which nothing may fill
  };
  struct Extent {
    uint32_t depth = 0;
    // What hashing it takes: tuples are hashed through all that they hold, as often as they hold
    // it.
    uint64_t hash = 1;
    // What hashing the objects in it takes, and at least their number.
    uint64_t held = 0;
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
        return Gather(AboveMark());
      case 0x91:  // FROZENSET
        GatherHashed(AboveMark());
        return;
      case 'a':
        return Fill(1, false);
      case 's':
        return Fill(2, true);
      case 'e':
        return Fill(AboveMark(), false);
      case 'u':
      case 0x90:  // ADDITEMS
        return Fill(AboveMark(), true);
      case 'b':  // BUILD
        return Fill(1, false);
      case 'R':
        return Reduce();
      case 0x81:  // NEWOBJ
        return Gather(2);
      case 0x92:  // NEWOBJ_EX
        return Gather(3);
      case 0x93:  // STACK_GLOBAL
        Pop(2);
        return PushNamed();
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
        return PushNamed();
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

  void Push(uint32_t depth) { Push(Extent{.depth = depth}); }
  void Push(const Extent& extent) {
    if (extent.depth > kMaxDepth) {
      return Fail(absl::StrCat("its objects are nested more than ", kMaxDepth, " deep"));
    }
    stack_.push_back({extents_.size()});
    extents_.push_back(extent);
  }
  void PushNamed() {
    Push(0);
    if (!stack_.empty()) stack_.back().named = true;
  }

  // Counts what reading takes beyond the bytes.
  void Work(uint64_t amount) {
    work_ += amount;
    if (work_ > most_) Fail("its objects hold each other too often");
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

  // What the entries that go are together.
  Extent Pop(size_t count) {
    Extent all{.hash = 0};
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() < floor + count) {
      Fail("it is out of order");
      return all;
    }
    for (; count > 0; --count) {
      const Extent& own = extents_[stack_.back().object];
      all.depth = std::max(all.depth, own.depth);
      all.hash = std::min(all.hash + own.hash, kMuch);
      all.held = std::min(all.held + own.held, kMuch);
      stack_.pop_back();
    }
    return all;
  }

  // A new tuple of the last `count`.
  void Gather(size_t count) {
    const Extent all = Pop(count);
    Push(Extent{all.depth + 1, all.hash + 1, all.held});
  }
  void GatherHashed(size_t count) {
    const Extent all = Pop(count);
    Work(all.hash);
    Push(Extent{all.depth + 1, all.hash + 1, all.held});
  }

  // A function of a tuple, which may copy what is in the tuple's objects, and hash it.
  void Reduce() {
    const Extent all = Pop(2);
    Work(all.held);
    Push(all.depth + 1);
  }

  // The last `count` go into the one before them.
  void Fill(size_t count, bool hashed) {
    const Extent all = Pop(count);
    if (hashed) Work(all.hash);
    if (stack_.empty() || stack_.back().from_memo || stack_.back().named) {
      return Fail("it is out of order");
    }
    Extent& target = extents_[stack_.back().object];
    target.depth = std::max(target.depth, all.depth + 1);
    target.held = std::min(target.held + all.hash, kMuch);
    if (target.depth > kMaxDepth) Push(target.depth);  // says so
  }

  std::string_view rest_;
  std::string problem_;
  const uint64_t most_;
  uint64_t work_ = 0;
  std::vector<Extent> extents_;
  std::vector<Entry> stack_;
  std::vector<size_t> marks_;
  std::vector<size_t> memo_;
};

}  // namespace

std::string CheckPickle(std::string_view bytes) { return Machine(bytes).Run(); }

}  // namespace neura::python
