/// Distance over weighted gradients: a step size without a parameter.
///
/// r ← max(r, ‖θ − θ₀‖), v ← v + r² ‖g‖², θ ← θ + rate · r² g / √v, with r = 10⁻⁴ (1 + ‖θ₀‖) at first; rate 1 is the method itself. Up to a logarithm as good
/// as the best fixed step size in hindsight, for smooth and for nonsmooth functions. Source: Khaled, Mishchenko & Jin (2023), arXiv:2305.16284.
package final class DoWG: AscentRule {
  private let count: Int
  private let start: Storage
  private var distance = 0.0
  private var weighted = 0.0
  private var isFirst = true

  package init(count: Int) {
    self.count = count
    start = Storage(count)
  }

  package var memory: [Double] {
    get { [distance, weighted, isFirst ? 1 : 0] + start.array }
    set {
      (distance, weighted, isFirst) = (newValue[0], newValue[1], newValue[2] == 1)
      start.fill(newValue.dropFirst(3))
    }
  }

  package func ascend(_ parameters: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, rate: Double) {
    if isFirst {
      var norm = 0.0
      for i in 0..<count {
        start.base[i] = parameters[i]
        norm += parameters[i] * parameters[i]
      }
      distance = 1e-4 * (1 + norm.squareRoot())
      isFirst = false
    }
    var moved = 0.0
    var slope = 0.0
    for i in 0..<count {
      let d = parameters[i] - start.base[i]
      moved += d * d
      if gradient[i].isFinite { slope += gradient[i] * gradient[i] }
    }
    guard slope.isFinite, slope > 0 else { return }
    distance = max(distance, moved.squareRoot())
    weighted += distance * distance * slope
    let step = rate * distance * distance / weighted.squareRoot()
    for i in 0..<count where gradient[i].isFinite { parameters[i] += step * gradient[i] }
  }
}
