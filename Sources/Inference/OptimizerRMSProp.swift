/// RMSProp: v ← 0.9 v + 0.1 g², θ ← θ + rate · g / (√v + 10⁻⁸). Source: Tieleman & Hinton, lecture 6.5 of Coursera's Neural Networks for Machine Learning (2012).
package final class RMSProp: AscentRule {
  private let count: Int
  private let squares: Storage
  private let share: Double

  package init(count: Int, share: Double = 0.9) {
    self.count = count
    self.share = share
    squares = Storage(count)
  }

  package var memory: [Double] {
    get { squares.array }
    set { squares.fill(newValue) }
  }

  package func ascend(_ parameters: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, rate: Double) {
    let v = squares.base
    for i in 0..<count {
      let g = (gradient[i] * gradient[i]).isFinite ? gradient[i] : 0
      v[i] = share * v[i] + (1 - share) * g * g
      parameters[i] += rate * g / (v[i].squareRoot() + 1e-8)
    }
  }
}
