import Kernels

/// The metric of a run, as it is reported and checkpointed: what the sampler believes about the posterior's scale.
package struct NUTSMetric: Sendable, Codable, Equatable {
  /// Standard deviations, one per dimension (diagonal metrics); for the dense metric, the roots of the covariance's diagonal.
  package var scale: [Double]
  /// For the dense metric: the lower Cholesky factor L of the covariance, [row][column], zeros above the diagonal. Nil for a diagonal one.
  package var factor: [Double]?

  package init(scale: [Double], factor: [Double]? = nil) {
    self.scale = scale
    self.factor = factor
  }

  func isSound(dimension: Int) -> Bool { scale.count == dimension && (factor.map { $0.count == dimension * dimension } ?? true) }
}

/// A linear map F from whitened coordinates to positions, q = F z with F Fᵀ = M⁻¹, acting on one chain's buffers.
///
/// Momenta are kept whitened, r = Fᵀ p ~ N(0, I): the kinetic energy is ½ r·r for every metric, and a leapfrog step reads
/// r ← r + ε/2 Fᵀ∇; q ← q + ε F r; r ← r + ε/2 Fᵀ∇′. F is diag(s), or the Cholesky factor L for the dense metric.
struct EuclideanMetric {
  typealias Pointer = PaddedVector.Pointer
  let dimension: Int
  let blocks: Int
  /// s, zero in the padding.
  let scale: Pointer
  /// Room for the rows of L, each padded to `8·blocks`; nil where the metric can only be diagonal.
  private let rows: Pointer?
  /// Lᵀ∇ at the present point (dense only).
  private let work: Pointer
  /// Not zero while the metric is dense; kept with the buffers, which every copy of this value shares.
  private let denseFlag: Pointer

  /// The rows of L while the metric is dense; nil while it is diagonal.
  @inline(__always) private var factor: Pointer? { denseFlag.pointee != 0 ? rows : nil }

  /// How many doubles of storage a metric takes.
  static func storage(dimension: Int, hasFactor: Bool) -> Int {
    let stride = 8 * PaddedVector.blocks(dimension)
    return 8 + 2 * stride + (hasFactor ? dimension * stride : 0)
  }

  /// The identity, diagonal for now; with `hasFactor` it can become dense.
  init(dimension: Int, hasFactor: Bool, storage: Pointer) {
    self.dimension = dimension
    blocks = PaddedVector.blocks(dimension)
    let stride = 8 * blocks
    denseFlag = storage
    denseFlag.pointee = 0
    scale = storage + 8
    work = scale + stride
    rows = hasFactor ? work + stride : nil
    PaddedVector.zero(scale, blocks: blocks)
    for i in 0..<dimension { scale[i] = 1 }
    if let rows { PaddedVector.zero(rows, blocks: blocks * dimension) }
  }

  /// First half kick and drift; `half` = ε/2, `step` = ε, negative for backward in time.
  @inline(__always) func kickAndDrift(position q: Pointer, momentum r: Pointer, gradient g: Pointer, half: Double, step: Double) {
    if let factor {
      whiten(g, factor)
      PaddedVector.add(half, work, to: r, blocks: blocks)
      let stride = 8 * blocks
      for i in 0..<dimension { q[i] += step * PaddedVector.dot(factor + i * stride, r, blocks: i / 8 + 1) }
    } else {
      PaddedVector.kickAndDrift(position: q, momentum: r, gradient: g, scale: scale, half: half, step: step, blocks: blocks)
    }
  }

  /// Second half kick; returns r·r.
  @inline(__always) func kick(momentum r: Pointer, gradient g: Pointer, half: Double) -> Double {
    if let factor {
      whiten(g, factor)
      PaddedVector.add(half, work, to: r, blocks: blocks)
      return PaddedVector.dot(r, r, blocks: blocks)
    }
    return PaddedVector.kick(momentum: r, gradient: g, scale: scale, half: half, blocks: blocks)
  }

  /// work ← Lᵀ g.
  private func whiten(_ g: Pointer, _ factor: Pointer) {
    let stride = 8 * blocks
    PaddedVector.zero(work, blocks: blocks)
    for i in 0..<dimension { PaddedVector.add(g[i], factor + i * stride, to: work, blocks: i / 8 + 1) }
  }

  func set(_ metric: NUTSMetric) {
    for i in 0..<dimension { scale[i] = metric.scale[i] }
    denseFlag.pointee = 0
    guard let rows, let factor = metric.factor else { return }
    let stride = 8 * blocks
    for i in 0..<dimension {
      for j in 0..<dimension { rows[i * stride + j] = factor[i * dimension + j] }
    }
    denseFlag.pointee = 1
  }

  /// Makes the metric diagonal again, with the scales that stand in `scale`.
  func makeDiagonal() { denseFlag.pointee = 0 }

  var value: NUTSMetric {
    let diagonal = (0..<dimension).map { scale[$0] }
    guard let factor else { return NUTSMetric(scale: diagonal) }
    let stride = 8 * blocks
    var rows: [Double] = []
    rows.reserveCapacity(dimension * dimension)
    for i in 0..<dimension { rows.append(contentsOf: UnsafeBufferPointer(start: factor + i * stride, count: dimension)) }
    return NUTSMetric(scale: diagonal, factor: rows)
  }
}
