import Foundation
import Kernels

/// Effective sample size of several sequences of equal length and stationary law.
enum EffectiveSampleSize {
  /// S / τ̂ with S = m·n draws from m sequences of n: τ̂ = −1 + 2 Σ ρ̂_t, the sum cut by Geyer's initial positive and made monotone
  /// (Vehtari et al. 2021, section 3.2; Stan, posterior and ArviZ compute the same). ρ̂_t = 1 − (W − mean autocovariance_t)/var⁺ counts
  /// disagreement between sequences as correlation. `sequences` is [sequence][draw]; constant draws count S; fewer than 2 draws give NaN.
  static func estimate(_ sequences: [Double], count m: Int) -> Double {
    guard m > 0 else { return .nan }
    let n = sequences.count / m
    guard n > 1 else { return .nan }
    let total = Double(m * n)
    guard let first = sequences.first, sequences.contains(where: { $0 != first }) else { return total }
    var covariance = Autocovariance(sequences, count: m)
    let within = covariance[0] * Double(n) / Double(n - 1)
    var plus = covariance[0]
    if m > 1 { plus += variance(covariance.means) }

    func correlation(_ lag: Int) -> Double { 1 - (within - covariance[lag]) / plus }
    var rho = [1.0, correlation(1)]
    var even = 1.0
    var odd = rho[1]
    var t = 1
    while t < n - 3 && even + odd > 0 {
      even = correlation(t + 1)
      odd = correlation(t + 2)
      let keeps = even + odd >= 0
      rho.append(keeps ? even : 0)
      rho.append(keeps ? odd : 0)
      t += 2
    }
    let last = t - 2
    if even > 0 && last + 1 >= 0 {
      if last + 1 < rho.count { rho[last + 1] = even } else { rho.append(even) }
    }
    t = 1
    while t <= last - 2 {
      if rho[t + 1] + rho[t + 2] > rho[t - 1] + rho[t] {
        rho[t + 1] = 0.5 * (rho[t - 1] + rho[t])
        rho[t + 2] = rho[t + 1]
      }
      t += 2
    }
    var sum = 0.0
    for k in 0..<max(last + 1, 0) { sum += rho[k] }
    let tail = last + 1 < rho.count && last + 1 >= 0 ? rho[last + 1] : 0
    // Antithetic chains may be better than independent, but not without bound.
    let time = max(-1 + 2 * sum + tail, 1 / log10(total))
    return total / time
  }

  /// Unbiased variance; NaN for fewer than two numbers.
  static func variance(_ x: [Double]) -> Double {
    let mean = x.reduce(0, +) / Double(x.count)
    return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1)
  }
}

/// Autocovariances (1/n) Σ (x_i − x̄)(x_{i+t} − x̄) of each sequence, averaged over sequences, computed lag by lag as they are asked for: the
/// sum over lags stops early for all but the worst chains. Beyond some hundred lags all are computed at once by Fourier transform.
struct Autocovariance {
  private let count: Int
  private let length: Int
  private let stride: Int
  /// Centred sequences, each followed by at least eight zeros, so that products run over whole blocks.
  private var centred: [Double]
  private(set) var means: [Double]
  private var all: [Double]?
  private static let directLags = 192

  init(_ sequences: [Double], count: Int) {
    self.count = count
    length = sequences.count / count
    stride = (length + 7) / 8 * 8 + 8
    centred = Array(repeating: 0, count: count * stride)
    means = []
    let length = length
    let stride = stride
    centred.withUnsafeMutableBufferPointer { target in
      sequences.withUnsafeBufferPointer { source in
        for c in 0..<count {
          // Eight partial sums, element i to number i mod 8.
          var partial = Vector8.zero
          var i = 0
          while i + 8 <= length {
            partial += Vector8(UnsafeBufferPointer(rebasing: source[c * length + i..<c * length + i + 8]))
            i += 8
          }
          while i < length {
            partial[i % 8] += source[c * length + i]
            i += 1
          }
          let mean = PaddedVector.total(partial) / Double(length)
          means.append(mean)
          for i in 0..<length { target[c * stride + i] = source[c * length + i] - mean }
        }
      }
    }
  }

  subscript(lag: Int) -> Double {
    mutating get {
      if let all { return all[lag] }
      if lag >= Autocovariance.directLags && length > 1024 {
        let transformed = throughFourier()
        all = transformed
        return transformed[lag]
      }
      return direct(lag)
    }
  }

  private func direct(_ lag: Int) -> Double {
    guard lag < length else { return 0 }
    let blocks = (length - lag + 7) / 8
    return centred.withUnsafeBytes { bytes in
      var total = 0.0
      for c in 0..<count {
        let start = 8 * c * stride
        var sum = Vector8.zero
        for k in 0..<blocks {
          let x = bytes.loadUnaligned(fromByteOffset: start + 64 * k, as: Vector8.self)
          let y = bytes.loadUnaligned(fromByteOffset: start + 64 * k + 8 * lag, as: Vector8.self)
          sum = multiplyAdd(x, y, sum)
        }
        total += PaddedVector.total(sum)
      }
      return total / Double(count) / Double(length)
    }
  }

  /// All lags: |FFT|² of the zero-padded sequences, summed over sequences, transformed back.
  private func throughFourier() -> [Double] {
    var size = 1
    while size < 2 * length { size *= 2 }
    var power = [Double](repeating: 0, count: size)
    for c in 0..<count {
      var real = Array(centred[c * stride..<c * stride + length])
      real.append(contentsOf: repeatElement(0, count: size - length))
      var imaginary = [Double](repeating: 0, count: size)
      fourier(&real, &imaginary)
      for k in 0..<size { power[k] += real[k] * real[k] + imaginary[k] * imaginary[k] }
    }
    var imaginary = [Double](repeating: 0, count: size)
    fourier(&power, &imaginary)
    let scale = 1 / (Double(size) * Double(count) * Double(length))
    return (0..<length).map { power[$0] * scale }
  }
}

/// In-place complex Fourier transform of a power-of-two length, decimation in time, twiddles from one table.
func fourier(_ real: inout [Double], _ imaginary: inout [Double]) {
  let n = real.count
  var target = 0
  for i in 1..<max(n, 1) {
    var bit = n >> 1
    while target & bit != 0 {
      target ^= bit
      bit >>= 1
    }
    target |= bit
    if i < target {
      real.swapAt(i, target)
      imaginary.swapAt(i, target)
    }
  }
  let cosines = (0..<n / 2).map { cos(2 * Double.pi * Double($0) / Double(n)) }
  let sines = (0..<n / 2).map { -sin(2 * Double.pi * Double($0) / Double(n)) }
  var width = 2
  while width <= n {
    let step = n / width
    for start in Swift.stride(from: 0, to: n, by: width) {
      for k in 0..<width / 2 {
        let a = start + k
        let b = a + width / 2
        let re = real[b] * cosines[k * step] - imaginary[b] * sines[k * step]
        let im = real[b] * sines[k * step] + imaginary[b] * cosines[k * step]
        real[b] = real[a] - re
        imaginary[b] = imaginary[a] - im
        real[a] += re
        imaginary[a] += im
      }
    }
    width *= 2
  }
}
