/// Logarithms that densities need, to the nearest double.
enum LogConstant {
  static let two = 0.69314718055994530942
  static let pi = 1.14472988584940017414
  /// ½ log 2π.
  static let halfTwoPi = 0.91893853320467274178
  /// ½ log(2/π).
  static let halfTwoOverPi = -0.22579135264472743236
  /// log(2/π).
  static let twoOverPi = -0.45158270528945486473
}
