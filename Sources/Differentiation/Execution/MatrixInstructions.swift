import Kernels

/// Memory of one instruction in one executor.
final class Scratch {
  let base: UnsafeMutablePointer<Double>
  init(_ count: Int) {
    base = .allocate(capacity: count + 16)
    base.initialize(repeating: 0, count: count + 16)
  }
  deinit { base.deallocate() }
}

/// C = op(A) op(B), A m × k, B k × n. Where only B varies by lane, its lanes are further columns; where both do, lanes go one by one.
struct MatrixProduct: HeavyInstruction {
  let a: Slot
  let aTransposed: Bool
  let b: Slot
  let bTransposed: Bool
  let m: Int
  let n: Int
  let k: Int
  let lanes: Int
  let out: Slot

  func prepare(_ executor: Executor) -> AnyObject? {
    let product = LinearAlgebra.multiplyWorkspaceSize(m: m, n: n * lanes, k: k)
    return Scratch(product + (lanes > 1 ? m * k + k * n + m * n + 24 : 0))
  }

  func run(_ executor: Executor, _ own: AnyObject?) {
    let scratch = unsafeDowncast(own!, to: Scratch.self).base
    let pa = a.pointer(executor)
    let pb = b.pointer(executor)
    let pc = out.pointer(executor)
    if lanes == 1 {
      single(pa, pb, pc, scratch)
    } else if !a.isLaned {
      if n == 1 {
        LinearAlgebra.multiplyVectorLanes(
          lanes: lanes, rows: aTransposed ? k : m, columns: aTransposed ? m : k, pa, lda: aTransposed ? m : k,
          aTransposed ? .transposed : .plain, pb, pc, .overwrite)
      } else {
        LinearAlgebra.multiply(
          m: m, n: n * lanes, k: k, pa, lda: aTransposed ? m : k, aTransposed ? .transposed : .plain, pb, ldb: n * lanes, .plain, pc,
          ldc: n * lanes, .overwrite, workspace: scratch)
      }
    } else {
      let la = scratch
      let lb = la + m * k + 8
      let lc = lb + k * n + 8
      for lane in 0..<lanes {
        for i in 0..<(m * k) { la[i] = pa[i * lanes + lane] }
        for i in 0..<(k * n) { lb[i] = pb[b.isLaned ? i * lanes + lane : i] }
        single(la, lb, lc, lc + m * n + 8)
        for i in 0..<(m * n) { pc[i * lanes + lane] = lc[i] }
      }
    }
    out.spread(executor)
  }

  private func single(
    _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>, _ c: UnsafeMutablePointer<Double>,
    _ workspace: UnsafeMutablePointer<Double>
  ) {
    if n == 1 {
      LinearAlgebra.multiplyVector(
        rows: aTransposed ? k : m, columns: aTransposed ? m : k, a, lda: aTransposed ? m : k, aTransposed ? .transposed : .plain, b, c,
        .overwrite)
    } else if m == 1 {
      LinearAlgebra.multiplyVector(
        rows: bTransposed ? n : k, columns: bTransposed ? k : n, b, lda: bTransposed ? k : n, bTransposed ? .plain : .transposed, a, c,
        .overwrite)
    } else {
      LinearAlgebra.multiply(
        m: m, n: n, k: k, a, lda: aTransposed ? m : k, aTransposed ? .transposed : .plain, b, ldb: bTransposed ? k : n,
        bTransposed ? .transposed : .plain, c, ldc: n, .overwrite, workspace: workspace)
    }
  }
}

/// Cholesky, triangular solves and inverses of a batch of matrices, one after another: [n, n, batch][lane].
struct MatrixFactor: HeavyInstruction {
  let operation: LinearAlgebraOperation
  let inputs: [Slot]
  let n: Int
  let k: Int
  let batch: Int
  let out: Slot

  private var workspaceSize: Int {
    switch operation {
    case .cholesky: LinearAlgebra.choleskyWorkspaceSize(n: n)
    case .choleskyInverse: LinearAlgebra.choleskyInverseWorkspaceSize(n: n)
    default: 0
    }
  }

  func prepare(_ executor: Executor) -> AnyObject? { Scratch(2 * n * n + n * k + 32 + workspaceSize) }

  func run(_ executor: Executor, _ own: AnyObject?) {
    let matrix = unsafeDowncast(own!, to: Scratch.self).base
    let result = matrix + n * n + 8
    let workspace = result + Swift.max(n * n, n * k) + 8
    let lanes = out.width(executor)
    let target = out.pointer(executor)
    let step = batch * lanes
    for item in 0..<step {
      let l = read(inputs[0], item, lanes, n * n, matrix, executor)
      // A single matrix is worked on where it is to stand.
      let place = step == 1 ? target : result
      switch operation {
      case .cholesky:
        if place != l { place.update(from: l, count: n * n) }
        if LinearAlgebra.cholesky(n: n, place, lda: n, workspace: workspace) != 0 { place.update(repeating: .nan, count: n * n) }
        if step > 1 { write(place, n * n, target, item, step) }
      case .choleskyInverse:
        LinearAlgebra.choleskyInverse(n: n, l, ldl: n, place, ldo: n, workspace: workspace)
        if step > 1 { write(place, n * n, target, item, step) }
      case .triangularSolve(let transposed):
        let b = read(inputs[1], item, lanes, n * k, result, executor)
        if place != b { place.update(from: b, count: n * k) }
        LinearAlgebra.triangularSolve(n: n, k: k, l, ldl: n, transposed ? .transposed : .plain, place, ldb: k)
        if step > 1 { write(place, n * k, target, item, step) }
      default: break
      }
    }
    out.spread(executor)
  }

  /// Matrix `item` of a batch, where it lies if it lies together.
  private func read(
    _ slot: Slot, _ item: Int, _ lanes: Int, _ count: Int, _ scratch: UnsafeMutablePointer<Double>, _ e: Executor
  ) -> UnsafeMutablePointer<Double> {
    let source = slot.pointer(e)
    let step = slot.isLaned ? batch * lanes : batch
    if step == 1 { return source }
    let place = slot.isLaned ? item : item / lanes
    for i in 0..<count { scratch[i] = source[i * step + place] }
    return scratch
  }

  private func write(_ source: UnsafeMutablePointer<Double>, _ count: Int, _ target: UnsafeMutablePointer<Double>, _ item: Int, _ step: Int)
  {
    for i in 0..<count { target[i * step + item] = source[i] }
  }
}

/// The diagonal of [n, n, batch], or the matrix that has one.
struct Diagonal: HeavyInstruction {
  let source: Slot
  let n: Int
  let batch: Int
  let embeds: Bool
  let out: Slot

  func run(_ executor: Executor, _ own: AnyObject?) {
    let from = source.pointer(executor)
    let to = out.pointer(executor)
    let run = batch * out.width(executor)
    if embeds { to.update(repeating: 0, count: n * n * run) }
    for i in 0..<n {
      if embeds {
        (to + (i * n + i) * run).update(from: from + i * run, count: run)
      } else {
        (to + i * run).update(from: from + (i * n + i) * run, count: run)
      }
    }
    out.spread(executor)
  }
}
