import Foundation

/// One trajectory of the no-U-turn sampler, as a machine that waits for one gradient at a time.
///
/// Multinomial sampling over the trajectory, biased towards the new half at every doubling, with the generalized U-turn criterion over every
/// balanced stretch and across its two halves (Betancourt 2017, appendix A; Stan's `base_nuts`). The binary tree is walked leaf by leaf: a
/// finished stretch of 2^k leaves waits in slot k until its twin is done, so that depth d needs d slots and no recursion.
/// All vectors lie in the chain's one buffer; slots change places by swapping pointers.
struct NUTSTree {
  typealias Pointer = PaddedVector.Pointer
  private let metric: EuclideanMetric
  private let blocks: Int
  private let maxDepth: Int
  private let maxEnergyError: Double
  /// Position, momentum and gradient at the trajectory's two ends: [backward, forward].
  let positions: (Pointer, Pointer)
  let momenta: (Pointer, Pointer)
  let gradients: (Pointer, Pointer)
  private let junction: Pointer
  private var treeSum: Pointer
  private var stretch: Pointer
  private var stretchFirst: Pointer
  private let waiting: UnsafeMutablePointer<PaddedVector.Stretch>
  /// The draw chosen so far, and the candidate from the half under construction.
  private(set) var sample: Point
  private var candidate: Point

  struct Point {
    var position: Pointer
    var gradient: Pointer
    var logDensity = 0.0
    var energy = 0.0
    var index = 0
  }

  private(set) var depth = 0
  private(set) var steps = 0
  private(set) var acceptanceSum = 0.0
  private(set) var symmetricSum = 0.0
  private(set) var isDiverging = false
  /// The largest energy error of the trajectory, in nats; infinite where it diverged.
  private(set) var largestError = 0.0
  private var startEnergy = 0.0
  private var treeLogWeight = 0.0
  private var weightScale = 0.0
  private var weightSum = 0.0
  private var leaf = 0
  private var forward = true
  private var farthest = (0, 0)
  private var stepSize = 0.0
  private var uniforms: TreeUniforms

  static func storage(dimension: Int, maxDepth: Int) -> Int {
    8 * PaddedVector.blocks(dimension) * (14 + 3 * maxDepth) + TreeUniforms.bufferSize
  }

  init(
    metric: EuclideanMetric, random: NUTSRandom, maxDepth: Int, maxEnergyError: Double, storage: Pointer,
    slots: UnsafeMutablePointer<PaddedVector.Stretch>
  ) {
    self.metric = metric
    blocks = metric.blocks
    self.maxDepth = maxDepth
    self.maxEnergyError = maxEnergyError
    let stride = 8 * metric.blocks
    positions = (storage, storage + stride)
    momenta = (storage + 2 * stride, storage + 3 * stride)
    gradients = (storage + 4 * stride, storage + 5 * stride)
    junction = storage + 6 * stride
    treeSum = storage + 7 * stride
    stretch = storage + 8 * stride
    stretchFirst = storage + 9 * stride
    sample = Point(position: storage + 10 * stride, gradient: storage + 11 * stride)
    candidate = Point(position: storage + 12 * stride, gradient: storage + (13 + 3 * maxDepth) * stride)
    waiting = slots
    for level in 0..<maxDepth {
      let first = storage + (13 + 3 * level) * stride
      slots[level] = PaddedVector.Stretch(sum: first, first: first + stride, last: first + 2 * stride)
    }
    uniforms = TreeUniforms(random: random, buffer: storage + (14 + 3 * maxDepth) * stride)
  }

  /// Where the next gradient is wanted, and where it is to be written.
  @inline(__always) var activePosition: Pointer { forward ? positions.1 : positions.0 }
  @inline(__always) var activeGradient: Pointer { forward ? gradients.1 : gradients.0 }
  @inline(__always) private var activeMomentum: Pointer { forward ? momenta.1 : momenta.0 }

  /// Starts a trajectory from `start` with the whitened momentum already standing in `momenta.1`.
  mutating func begin(from start: Point, stepSize: Double, iteration: Int) {
    for (source, targets) in [(start.position, positions), (start.gradient, gradients), (momenta.1, (momenta.0, treeSum))] {
      PaddedVector.copy(source, to: targets.0, blocks: blocks)
      PaddedVector.copy(source, to: targets.1, blocks: blocks)
    }
    PaddedVector.copy(start.position, to: sample.position, blocks: blocks)
    PaddedVector.copy(start.gradient, to: sample.gradient, blocks: blocks)
    startEnergy = 0.5 * PaddedVector.dot(momenta.1, momenta.1, blocks: blocks) - start.logDensity
    sample.logDensity = start.logDensity
    sample.energy = startEnergy
    sample.index = 0
    self.stepSize = stepSize
    uniforms.restart(iteration: iteration)
    depth = 0
    steps = 0
    acceptanceSum = 0
    symmetricSum = 0
    isDiverging = false
    largestError = 0
    treeLogWeight = 0
    farthest = (0, 0)
    beginDoubling()
  }

  private mutating func beginDoubling() {
    forward = uniforms.next() > 0.5
    PaddedVector.copy(activeMomentum, to: junction, blocks: blocks)
    leaf = 0
    weightScale = -.infinity
    weightSum = 0
    drift()
  }

  @inline(__always) private func drift() {
    let step = forward ? stepSize : -stepSize
    metric.kickAndDrift(position: activePosition, momentum: activeMomentum, gradient: activeGradient, half: 0.5 * step, step: step)
  }

  /// Takes in the log density at `activePosition` (its gradient stands in `activeGradient`). True when the trajectory is complete, else it
  /// waits for the next gradient.
  mutating func absorb(logDensity: Double) -> Bool {
    let half = forward ? 0.5 * stepSize : -0.5 * stepSize
    let energy = 0.5 * metric.kick(momentum: activeMomentum, gradient: activeGradient, half: half) - logDensity
    let logWeight = startEnergy - energy
    steps += 1
    if forward { farthest.1 += 1 } else { farthest.0 -= 1 }
    // A NaN energy (outside the support, or a gradient that is not finite) fails the comparison and counts as a divergence.
    guard -logWeight <= maxEnergyError else {
      isDiverging = true
      largestError = .infinity
      return true
    }
    largestError = max(largestError, -logWeight)
    let weight = exp(min(logWeight, 0))
    acceptanceSum += weight
    symmetricSum += logWeight < 0 ? 2 * weight / (1 + weight) : 2 / (1 + exp(logWeight))
    chooseLeaf(logDensity: logDensity, energy: energy, logWeight: logWeight)
    guard closeStretches() else { return true }
    leaf += 1
    if leaf < 1 << depth {
      drift()
      return false
    }
    if !closeDoubling() { return true }
    beginDoubling()
    return false
  }

  /// Uniform (multinomial) choice among the leaves of the half under construction: the new leaf replaces the candidate with its share of the weight.
  @inline(__always) private mutating func chooseLeaf(logDensity: Double, energy: Double, logWeight: Double) {
    var share = 1.0
    if logWeight > weightScale {
      weightSum = weightSum * exp(weightScale - logWeight) + 1
      weightScale = logWeight
    } else {
      share = exp(logWeight - weightScale)
      weightSum += share
    }
    guard leaf == 0 || uniforms.next() * weightSum < share else { return }
    PaddedVector.copy(activePosition, to: candidate.position, blocks: blocks)
    PaddedVector.copy(activeGradient, to: candidate.gradient, blocks: blocks)
    candidate.logDensity = logDensity
    candidate.energy = energy
    candidate.index = forward ? farthest.1 : farthest.0
  }

  /// Joins the new leaf with every waiting stretch it completes; false at a U-turn.
  @inline(__always) private mutating func closeStretches() -> Bool {
    let r = activeMomentum
    if depth == 0 {
      PaddedVector.copy(r, to: stretch, blocks: blocks)
      PaddedVector.copy(r, to: stretchFirst, blocks: blocks)
      return true
    }
    if leaf & 1 == 0 {
      PaddedVector.copy(r, to: waiting[0].first, blocks: blocks)
      return true
    }
    guard PaddedVector.joinLeaves(waiting[0].first, r, sum: stretch, blocks: blocks) else { return false }
    swap(&stretchFirst, &waiting[0].first)
    let level = (~leaf).trailingZeroBitCount
    for k in 1..<max(level, 1) {
      let twin = PaddedVector.Stretch(sum: stretch, first: stretchFirst, last: r)
      guard PaddedVector.join(waiting[k], twin, sum: stretch, blocks: blocks) else { return false }
      swap(&stretchFirst, &waiting[k].first)
    }
    if level < depth {
      swap(&stretch, &waiting[level].sum)
      swap(&stretchFirst, &waiting[level].first)
      PaddedVector.copy(r, to: waiting[level].last, blocks: blocks)
    }
    return true
  }

  /// The half under construction is complete: choose between old and new, and see whether to go on.
  private mutating func closeDoubling() -> Bool {
    let logWeight = weightScale + log(weightSum)
    let difference = logWeight - treeLogWeight
    if difference > 0 || uniforms.next() < exp(difference) { swap(&sample, &candidate) }
    treeLogWeight = max(logWeight, treeLogWeight) + log1p(exp(-abs(difference)))
    depth += 1
    let old = PaddedVector.Stretch(sum: treeSum, first: forward ? momenta.0 : momenta.1, last: junction)
    let new = PaddedVector.Stretch(sum: stretch, first: stretchFirst, last: activeMomentum)
    let goesOn = PaddedVector.join(old, new, sum: treeSum, blocks: blocks)
    return goesOn && depth < maxDepth
  }
}
