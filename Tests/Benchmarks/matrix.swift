// Times the matrix product of Kernels: benchmark.py compiles it against the built library. Prints GFLOP/s on one core.
import Foundation
import Kernels

let n = 1024
let random = { (seed: UInt64) -> [Double] in
  var stream = RandomStream(at: RandomAddress(seed: seed, purpose: 1))
  return (0..<(n * n)).map { _ in stream.nextNormal() }
}
let a = random(1)
let b = random(2)
var c = [Double](repeating: 0, count: n * n)
var workspace = [Double](repeating: 0, count: LinearAlgebra.multiplyWorkspaceSize(m: n, n: n, k: n))
var best = Double.infinity
for _ in 0..<12 {
  let begin = ContinuousClock.now
  LinearAlgebra.multiply(
    m: n, n: n, k: n, a, lda: n, .plain, b, ldb: n, .plain, &c, ldc: n, .overwrite, workspace: &workspace)
  let time = ContinuousClock.now - begin
  best = min(best, Double(time.components.seconds) + 1e-18 * Double(time.components.attoseconds))
}
print(2 * Double(n * n * n) / best * 1e-9)
