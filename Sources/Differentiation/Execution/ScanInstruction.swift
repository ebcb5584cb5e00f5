import Kernels

extension ScanBody {
  /// The plan of one step. Carries vary by lane if anything that enters the loop does.
  func plan(inputs isLaned: [Bool], isLaned whole: Bool, lanes: Int, wanted: Set<Int>) throws -> Plan {
    let k = carries.count
    let flags = carries.map { _ in whole } + isLaned[k...]
    return try Plan(
      outputs: nextCarries + results, inputs: carries + elements + captured, lanes: lanes, laned: flags, lanedDraws: whole)
  }
}

/// A sequential loop: the plan of one step replayed, with elements copied in and results copied out.
struct ScanInstruction: HeavyInstruction {
  let body: ScanBody
  let plan: Plan
  let inputs: [Slot]
  let outputs: [Slot]
  /// Outputs that somebody reads.
  let wanted: Set<Int>
  let lanes: Int

  /// A copy of one array from place to place, both of which may move with the step.
  struct Move {
    typealias Pointer = UnsafeMutablePointer<Double>
    var from: Pointer
    var fromStep: Int
    var fromWidth: Int
    var to: Pointer
    var toStep: Int
    var toWidth: Int
    var count: Int
    /// Whether the target is one number (or its lanes) kept repeated through a vector.
    var repeats: Bool
    /// Whether whole vectors may be written: what is read back as a vector should not be written number by number.
    var isPadded: Bool

    @inline(always)
    func perform(_ t: Int) {
      let source = from + t &* fromStep
      let target = to + t &* toStep
      if repeats {
        for i in 0..<8 { target[i] = source[i & (fromWidth &- 1)] }
      } else if fromWidth == toWidth {
        let total = count &* toWidth
        if isPadded {
          var i = 0
          repeat {
            UnsafeMutableRawPointer(target + i).storeBytes(
              of: UnsafeRawPointer(source + i).loadUnaligned(as: Vector8.self), as: Vector8.self)
            i &+= 8
          } while i < total
        } else if total <= 8 {
          for i in 0..<total { target[i] = source[i] }
        } else {
          target.update(from: source, count: total)
        }
      } else if fromWidth == 1 {
        for i in 0..<count { for lane in 0..<toWidth { target[i &* toWidth &+ lane] = source[i] } }
      } else {
        for i in 0..<count { target[i] = source[i &* fromWidth] }
      }
    }
  }

  /// All copies of the loop, worked out once.
  final class Loop {
    let step: Executor
    let memory = LoopMemory()
    /// Before the loop; before each step; after each step; after the loop.
    var start: (UnsafeMutablePointer<Move>, Int)
    var before: (UnsafeMutablePointer<Move>, Int)
    var after: (UnsafeMutablePointer<Move>, Int)
    var end: (UnsafeMutablePointer<Move>, Int)

    init(_ scan: ScanInstruction, _ executor: Executor) throws {
      step = try Executor(scan.plan)
      let k = scan.body.carries.count
      let e = k + scan.body.elements.count
      let r = scan.body.results.count
      let lanes = scan.lanes
      let inside = step
      // Steps that rise write over what the step before wrote past its end.
      let rises = !scan.body.isReversed
      func entry(_ index: Int, _ from: UnsafeMutablePointer<Double>, _ width: Int, _ advance: Int) -> Move {
        let place = inside.inputPlace(index)
        return Move(
          from: from, fromStep: advance, fromWidth: width, to: place.pointer, toStep: 0, toWidth: place.width, count: place.count,
          repeats: place.count == 1, isPadded: true)
      }
      func exit(_ place: Executor.Place, _ to: UnsafeMutablePointer<Double>, _ advance: Int, isPadded: Bool) -> Move {
        Move(
          from: place.pointer, fromStep: 0, fromWidth: place.width, to: to, toStep: advance, toWidth: lanes, count: place.count,
          repeats: false, isPadded: isPadded)
      }
      func outer(_ index: Int) -> (UnsafeMutablePointer<Double>, Int) {
        (scan.inputs[index].pointer(executor), scan.inputs[index].width(executor))
      }
      func target(_ index: Int) -> UnsafeMutablePointer<Double> { scan.outputs[index].pointer(executor) }
      var starts: [Move] = []
      var befores: [Move] = []
      var afters: [Move] = []
      var ends: [Move] = []
      for index in Array(0..<k) + Array(e..<scan.inputs.count) { starts.append(entry(index, outer(index).0, outer(index).1, 0)) }
      for index in k..<e {
        let (from, width) = outer(index)
        befores.append(entry(index, from, width, scan.body.elements[index - k].count * width))
      }
      for index in 0..<k where scan.wanted.contains(k + r + index) {
        let place = inside.inputPlace(index)
        befores.append(exit(place, target(k + r + index), place.count * lanes, isPadded: rises))
      }
      for index in 0..<r where scan.wanted.contains(k + index) {
        let place = inside.outputPlace(k + index)
        afters.append(exit(place, target(k + index), place.count * lanes, isPadded: rises))
      }
      // All carries are read before any is written: by way of other memory where one is the old value of another.
      let overlaps = (0..<k).contains { output in
        let pointer = inside.outputPlace(output).pointer
        return (0..<k).contains { index in
          let place = inside.inputPlace(index)
          return pointer >= place.pointer && pointer < place.pointer + Swift.max(place.count * place.width, 8)
        }
      }
      var arrivals: [Move] = []
      for index in 0..<k {
        let place = inside.outputPlace(index)
        if !overlaps {
          arrivals.append(entry(index, place.pointer, place.width, 0))
          continue
        }
        let staging = memory.allocate(Double.self, place.count * lanes + 8)
        afters.append(exit(place, staging, 0, isPadded: true))
        arrivals.append(entry(index, staging, lanes, 0))
      }
      afters += arrivals
      for index in 0..<k where scan.wanted.contains(index) { ends.append(exit(inside.inputPlace(index), target(index), 0, isPadded: true)) }
      start = (memory.copy(starts), starts.count)
      before = (memory.copy(befores), befores.count)
      after = (memory.copy(afters), afters.count)
      end = (memory.copy(ends), ends.count)
    }
  }

  func prepare(_ executor: Executor) throws -> AnyObject? { try Loop(self, executor) }

  func run(_ executor: Executor, _ own: AnyObject?) {
    let loop = unsafeDowncast(own!, to: Loop.self)
    let step = loop.step
    step.random = executor.random
    for i in 0..<loop.start.1 { loop.start.0[i].perform(0) }
    for position in 0..<body.length {
      let t = body.isReversed ? body.length - 1 - position : position
      for i in 0..<loop.before.1 { loop.before.0[i].perform(t) }
      step.run()
      for i in 0..<loop.after.1 { loop.after.0[i].perform(t) }
    }
    for i in 0..<loop.end.1 { loop.end.0[i].perform(0) }
    // An output that nobody reads has no memory of its own.
    for index in outputs.indices where wanted.contains(index) { outputs[index].spread(executor) }
    if executor.firstError == nil, step.firstError != nil { executor.firstError = step.firstError }
    step.firstError = nil
  }
}
