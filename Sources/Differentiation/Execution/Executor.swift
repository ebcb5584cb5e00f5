import Kernels

/// Where the random draws of one execution come from.
package struct RandomContext: Sendable {
  package var seed: UInt64
  package var purpose: UInt32
  package var step: UInt64
  /// The chain or particle of lane 0; lane w has `firstChain + w`.
  package var firstChain: UInt32
  package init(seed: UInt64 = 0, purpose: UInt32 = 0, step: UInt64 = 0, firstChain: UInt32 = 0) {
    self.seed = seed
    self.purpose = purpose
    self.step = step
    self.firstChain = firstChain
  }
}

/// Replays a plan in a workspace of its own. One thread at a time; no allocation in ``run()``.
package final class Executor {
  package let plan: Plan
  package var random = RandomContext()
  /// The first error that a custom node threw since it was last set to nil.
  package var firstError: (any Error)?

  let workspace: UnsafeMutablePointer<Double>
  /// The start of every buffer.
  let address: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
  private let loops: UnsafeMutablePointer<RuntimeLoop>
  private let lines: UnsafeMutablePointer<RuntimeLine>
  private let heavies: UnsafeMutablePointer<RuntimeHeavy>
  private let program: UnsafeMutablePointer<Item>
  private let itemCount: Int
  private let heavyCount: Int
  private let memory: LoopMemory
  /// Where inputs and outputs stand, without the arrays of their slots, whose reference counts a replay must not touch.
  private let inputPlaces: UnsafeMutablePointer<Place>
  private let outputPlaces: UnsafeMutablePointer<Place>

  private struct Item {
    enum Kind: UInt8 { case loop, line, heavy }
    let kind: Kind
    let index: Int32
  }

  /// A heavy instruction with what it prepared.
  private struct RuntimeHeavy {
    let instruction: any HeavyInstruction
    var own: AnyObject?
  }

  struct Place {
    var pointer: UnsafeMutablePointer<Double>
    var count: Int
    var width: Int
  }

  package init(_ plan: Plan) throws {
    self.plan = plan
    workspace = UnsafeMutableRawPointer.allocate(byteCount: 8 * (plan.workspaceSize + 64), alignment: 64).bindMemory(
      to: Double.self, capacity: plan.workspaceSize + 64)
    workspace.initialize(repeating: 0, count: plan.workspaceSize + 64)
    address = .allocate(capacity: Swift.max(plan.buffers.count, 1))
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.place {
      case .constant: (address + index).initialize(to: plan.constants.base + buffer.offset)
      case .workspace: (address + index).initialize(to: workspace + buffer.offset)
      }
    }
    memory = LoopMemory()
    func places(_ slots: [PlanSlot], _ address: UnsafeMutablePointer<UnsafeMutablePointer<Double>>) -> [Place] {
      slots.map { slot in
        let width = slot.isLaned ? plan.lanes : 1
        return Place(
          pointer: address[slot.view.buffer] + slot.view.offset * width, count: slot.count, width: width)
      }
    }
    inputPlaces = memory.copy(places(plan.inputs, address))
    outputPlaces = memory.copy(places(plan.outputs, address))
    var loopParts: [RuntimeLoop] = []
    var lineParts: [RuntimeLine] = []
    var heavyParts: [any HeavyInstruction] = []
    var items: [Item] = []
    for instruction in plan.instructions {
      switch instruction {
      case .loop(let loop):
        items.append(Item(kind: .loop, index: Int32(loopParts.count)))
        loopParts.append(RuntimeLoop(loop, address: address, plan: plan, memory: memory))
      case .line(let parts):
        items.append(Item(kind: .line, index: Int32(lineParts.count)))
        lineParts.append(RuntimeLine(parts, address: address, memory: memory))
      case .heavy(let heavy):
        items.append(Item(kind: .heavy, index: Int32(heavyParts.count)))
        heavyParts.append(heavy)
      }
    }
    loops = memory.copy(loopParts)
    lines = memory.copy(lineParts)
    program = memory.copy(items)
    itemCount = items.count
    heavies = .allocate(capacity: Swift.max(heavyParts.count, 1))
    heavyCount = heavyParts.count
    for (index, heavy) in heavyParts.enumerated() { (heavies + index).initialize(to: RuntimeHeavy(instruction: heavy, own: nil)) }
    for index in 0..<heavyCount { heavies[index].own = try heavies[index].instruction.prepare(self) }
  }

  deinit {
    heavies.deinitialize(count: heavyCount)
    heavies.deallocate()
    workspace.deallocate()
    address.deallocate()
  }

  /// Executes all instructions once.
  package func run() {
    for i in 0..<itemCount {
      let index = Int(program[i].index)
      switch program[i].kind {
      case .loop: LoopRunner.run(loops + index)
      case .line: StepRunner.run(lines[index].steps, lines[index].count)
      case .heavy: heavies[index].instruction.run(self, heavies[index].own)
      }
    }
  }

  // MARK: - Values in and out

  func inputPlace(_ index: Int) -> Place { inputPlaces[index] }
  func outputPlace(_ index: Int) -> Place { outputPlaces[index] }

  /// Sets input `index` from [element][lane] (or [element] if it does not vary by lane).
  package func setInput(_ index: Int, _ source: UnsafePointer<Double>) {
    let place = inputPlaces[index]
    if place.count == 1 {
      switch place.width {
      case 1: ElementwiseKernels.store(Vector8(repeating: source[0]), place.pointer, 0)
      case 8: ElementwiseKernels.store(UnsafeRawPointer(source).loadUnaligned(as: Vector8.self), place.pointer, 0)
      default: for i in 0..<8 { place.pointer[i] = source[i & (place.width - 1)] }
      }
    } else {
      copyDoubles(source, place.pointer, place.count &* place.width)
    }
  }

  /// Copies output `index` to [element][lane] for `lanes` lanes of the plan (an output that does not vary by lane is repeated), row-major.
  package func copyOutput(_ index: Int, lanes: Int, to target: UnsafeMutablePointer<Double>) {
    let place = outputPlaces[index]
    if place.width == lanes {
      copyDoubles(place.pointer, target, place.count &* lanes)
    } else {
      for element in 0..<place.count {
        for lane in 0..<lanes { target[element * lanes + lane] = place.pointer[element * place.width + lane & (place.width - 1)] }
      }
    }
  }

  /// Few doubles are not worth a call.
  @inline(always)
  private func copyDoubles(_ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ count: Int) {
    if count > 32 { return target.update(from: source, count: count) }
    var i = 0
    while i &+ 8 <= count {
      UnsafeMutableRawPointer(target + i).storeBytes(of: UnsafeRawPointer(source + i).loadUnaligned(as: Vector8.self), as: Vector8.self)
      i &+= 8
    }
    while i < count {
      target[i] = source[i]
      i &+= 1
    }
  }

  /// Output `index`, [element][lane], or [element] if it does not vary by lane.
  package func output(_ index: Int) -> [Double] {
    let place = outputPlaces[index]
    return Array(UnsafeBufferPointer(start: place.pointer, count: place.count * place.width))
  }
}

/// Memory of the loops of one executor, released with it.
final class LoopMemory {
  private var blocks: [UnsafeMutableRawPointer] = []

  func allocate<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(count, 1) * MemoryLayout<T>.stride, alignment: 64)
    blocks.append(raw)
    return raw.bindMemory(to: T.self, capacity: Swift.max(count, 1))
  }

  func copy<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
    let pointer = allocate(T.self, values.count)
    for (index, value) in values.enumerated() { (pointer + index).initialize(to: value) }
    return pointer
  }

  deinit { blocks.forEach { $0.deallocate() } }
}
