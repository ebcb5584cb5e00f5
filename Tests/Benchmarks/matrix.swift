// Times the matrix product of Kernels, one core: benchmark.py compiles this file against the built library, it is no part of the package's products.
// Arguments: products as m,n,k,A,B with A and B `plain` or `transposed`. Prints GFLOP/s, a line each: the best of 40 batches by the processor's clock.
import Foundation
import Kernels

/// Seconds that this thread has computed.
func threadSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
  return Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
}

func numbers(_ count: Int, seed: UInt64) -> [Double] {
  var stream = RandomStream(at: RandomAddress(seed: seed, purpose: 1))
  return (0..<count).map { _ in stream.nextNormal() }
}

func gigaflops(m: Int, n: Int, k: Int, _ first: LinearAlgebra.Orientation, _ second: LinearAlgebra.Orientation) -> Double {
  let a = numbers(m * k, seed: 1)
  let b = numbers(k * n, seed: 2)
  var c = [Double](repeating: 0, count: m * n)
  var workspace = [Double](repeating: 0, count: LinearAlgebra.multiplyWorkspaceSize(m: m, n: n, k: k))
  let repetitions = max(1, 30_000_000 / (m * n * k))
  var best = Double.infinity
  for _ in 0..<40 {
    let begin = threadSeconds()
    for _ in 0..<repetitions {
      LinearAlgebra.multiply(
        m: m, n: n, k: k, a, lda: first == .plain ? k : m, first, b, ldb: second == .plain ? n : k, second, &c, ldc: n, .overwrite,
        workspace: &workspace)
    }
    best = min(best, (threadSeconds() - begin) / Double(repetitions))
  }
  return 2 * Double(m * n * k) / best * 1e-9
}

for argument in CommandLine.arguments.dropFirst() {
  let words = argument.split(separator: ",").map(String.init)
  let sizes = words.prefix(3).compactMap(Int.init)
  guard words.count == 5, sizes.count == 3, sizes.allSatisfy({ $0 > 0 }) else {
    FileHandle.standardError.write(Data("matrix: \(argument) is no product m,n,k,plain,transposed\n".utf8))
    exit(2)
  }
  let orientations = words[3...].map { $0 == "transposed" ? LinearAlgebra.Orientation.transposed : .plain }
  print(gigaflops(m: sizes[0], n: sizes[1], k: sizes[2], orientations[0], orientations[1]))
}
