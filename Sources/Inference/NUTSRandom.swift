import Kernels

/// What random numbers of a chain are for; part of their address. The numbers are the sampler's own, so that no other part of the program
/// draws the same ones.
enum NUTSPurpose: UInt32 {
  case start = 0x4E55_0001
  case stepSearch = 0x4E55_0002
  case momentum = 0x4E55_0003
  case trajectory = 0x4E55_0004
  case stepLength = 0x4E55_0005
}

/// The random numbers of one chain, addressed by (seed, purpose, chain, iteration, try, element).
struct NUTSRandom {
  let seed: UInt64
  let chain: UInt32

  /// `attempt` counts the tries within an iteration, where there are several.
  private func address(_ purpose: NUTSPurpose, _ iteration: Int, _ attempt: Int, _ element: Int = 0) -> RandomAddress {
    RandomAddress(
      seed: seed, purpose: purpose.rawValue, chain: chain, step: UInt64(iteration), site: UInt32(truncatingIfNeeded: attempt),
      element: UInt32(truncatingIfNeeded: element))
  }

  /// `count` standard normal draws.
  func normals(_ purpose: NUTSPurpose, iteration: Int, attempt: Int = 0, into target: UnsafeMutablePointer<Double>, count: Int) {
    withUnsafePointer(to: chain) {
      RandomFill.normals(count: count, lanes: 1, chains: $0, at: address(purpose, iteration, attempt), target)
    }
  }

  /// `count` uniform draws in (0, 1), from number `element` on.
  func uniforms(
    _ purpose: NUTSPurpose, iteration: Int, attempt: Int = 0, element: Int = 0, into target: UnsafeMutablePointer<Double>, count: Int
  ) {
    withUnsafePointer(to: chain) {
      RandomFill.uniforms(count: count, lanes: 1, chains: $0, at: address(purpose, iteration, attempt, element), target)
    }
  }
}

/// The uniform draws of one trajectory, in order; a buffer of sixteen is filled at a time.
struct TreeUniforms {
  private let random: NUTSRandom
  private let buffer: UnsafeMutablePointer<Double>
  private var iteration = 0
  private var index = 0

  static let bufferSize = 16

  init(random: NUTSRandom, buffer: UnsafeMutablePointer<Double>) {
    self.random = random
    self.buffer = buffer
  }

  /// Back to the first number, of another iteration.
  mutating func restart(iteration: Int) {
    self.iteration = iteration
    index = 0
  }

  @inline(__always) mutating func next() -> Double {
    let place = index % TreeUniforms.bufferSize
    if place == 0 { random.uniforms(.trajectory, iteration: iteration, element: index, into: buffer, count: TreeUniforms.bufferSize) }
    index += 1
    return buffer[place]
  }
}
