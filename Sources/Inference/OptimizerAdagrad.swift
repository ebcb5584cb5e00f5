/// Adagrad: v ← v + g², θ ← θ + rate · g / (√v + 10⁻⁸): step sizes that only fall. Source: Duchi, Hazan & Singer (JMLR 2011).
package final class Adagrad: AscentRule {
  private let count: Int
  private let squares: Storage

  package init(count: Int) {
    self.count = count
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
      v[i] += g * g
      parameters[i] += rate * g / (v[i].squareRoot() + 1e-8)
    }
  }
}
