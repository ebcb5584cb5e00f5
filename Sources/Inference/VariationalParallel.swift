import Dispatch
import Synchronization

/// Independent pieces of work on several threads, results in order.
enum Parallel {
  /// `body` of each item; the first error in order of the items is thrown.
  static func map<Item: Sendable, Value: Sendable>(
    _ items: [Item], threads: Int, _ body: @Sendable (Item) throws -> Value
  ) throws -> [Value] {
    guard threads > 1, items.count > 1 else { return try items.map { try body($0) } }
    let results = Mutex([Result<Value, any Error>?](repeating: nil, count: items.count))
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, items.count)) { _ in
      while true {
        let k = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard k < items.count else { return }
        let value = Result { try body(items[k]) }
        results.withLock { $0[k] = value }
      }
    }
    return try results.withLock { $0 }.compactMap { $0 }.map { try $0.get() }
  }
}
