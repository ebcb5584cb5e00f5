/// When the metric is learnt: Stan's warm-up schedule. A fast interval for the step size alone, slow windows of doubling length at whose
/// ends the metric is replaced, and a last fast interval (Stan reference manual, "Automatic parameter tuning").
///
/// With 1000 iterations and 75/25/50 the windows end after iterations 100, 150, 250, 450 and 950. If the three do not fit, they become
/// 15 %, 75 % and 10 % of the warm-up; with fewer than 20 iterations only the step size is learnt.
package struct AdaptationWindows: Sendable, Codable, Equatable {
  package private(set) var warmup: Int
  package private(set) var initialBuffer: Int
  package private(set) var terminalBuffer: Int
  package private(set) var window: Int
  package private(set) var counter = 0
  /// The iteration (from 0) at which the open window ends.
  package private(set) var windowEnd: Int

  package init(warmup: Int, initialBuffer: Int = 75, baseWindow: Int = 25, terminalBuffer: Int = 50) {
    self.warmup = warmup
    if warmup < 20 {
      self.initialBuffer = warmup
      self.terminalBuffer = 0
      window = 0
    } else if initialBuffer + baseWindow + terminalBuffer > warmup {
      self.initialBuffer = Int(0.15 * Double(warmup))
      self.terminalBuffer = Int(0.1 * Double(warmup))
      window = warmup - self.initialBuffer - self.terminalBuffer
    } else {
      self.initialBuffer = initialBuffer
      self.terminalBuffer = terminalBuffer
      window = baseWindow
    }
    windowEnd = self.initialBuffer + window - 1
  }

  /// Whether it can have begun as `fresh`.
  func isSound(_ fresh: AdaptationWindows) -> Bool {
    warmup == fresh.warmup && initialBuffer == fresh.initialBuffer && terminalBuffer == fresh.terminalBuffer
      && [window, counter, windowEnd + 1].allSatisfy(\.isCount)
  }

  /// The last iteration of the slow interval.
  private var lastEnd: Int { warmup - terminalBuffer - 1 }

  /// Whether the draw of the present iteration belongs to a slow window.
  package var isCollecting: Bool { counter >= initialBuffer && counter < warmup - terminalBuffer && counter != warmup }
  /// Whether the present iteration closes a window.
  package var closesWindow: Bool { window > 0 && counter == windowEnd && counter != warmup }

  /// Moves on to the next iteration, opening the next window where one has ended.
  package mutating func advance() {
    if closesWindow { openNext() }
    counter += 1
  }

  private mutating func openNext() {
    guard windowEnd != lastEnd else { return }
    window *= 2
    windowEnd = counter + window
    guard windowEnd != lastEnd else { return }
    // A following window that would not fit is taken into this one.
    if windowEnd + 2 * window >= warmup - terminalBuffer { windowEnd = lastEnd }
  }
}
