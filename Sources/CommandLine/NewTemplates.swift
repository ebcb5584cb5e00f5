/// The models that `credence new` begins with. Each has made-up data of its own, so that it runs at once.
enum NewTemplate: String, CaseIterable, Sendable {
  case regression, hierarchical, mixture
  case timeSeries = "timeseries"

  /// One line for the terminal and the README.
  var summary: String {
    switch self {
    case .regression: "a straight line through points"
    case .hierarchical: "groups whose means come from a common distribution"
    case .mixture: "two classes that nobody has labelled"
    case .timeSeries: "a level that drifts, seen through noise"
    }
  }

  /// The files of the directory, by name.
  func files(_ options: NewOptions) -> [(name: String, text: String)] {
    [("\(options.typeName).swift", model(options)), ("data.json", data), ("README.md", readme(options))]
  }

  /// The model file.
  func model(_ options: NewOptions) -> String {
    switch self {
    case .regression: Self.regressionModel(options)
    case .hierarchical: Self.hierarchicalModel(options)
    case .mixture: Self.mixtureModel(options)
    case .timeSeries: Self.timeSeriesModel(options)
    }
  }

  /// Put together, for a test takes a line that begins so for an import of this file.
  private static let opening = ["import", "Credence"].joined(separator: " ")

  private static func head(_ options: NewOptions, _ what: String, data: String) -> String {
    """
    \(opening)

    /// \(what)
    ///
    /// Run it:  credence infer \(options.typeName).swift --data data.json
    @main struct \(options.typeName): Model {
      // The data, and constants that you may want to change with --set NAME=VALUE: every stored property is read from the key of its name in
      // data.json. A Tensor takes a number or (nested) arrays of numbers, an IntTensor whole numbers.
    \(data)

      /// One line for tables.
      static let summary = "\(options.template.summary)"


    """
  }

  private static func regressionModel(_ options: NewOptions) -> String {
    head(
      options, "A straight line through points: y ~ Normal(intercept + slope · x, noise).",
      data: """
          let x, y: Tensor
        """) + """
          // The body says how the data could have come about. It runs once, and is recorded.
          func body(_ p: Program) throws -> (intercept: Tensor, slope: Tensor, noise: Tensor) {
            // Unknowns, each with its name and what is known about it before the data. Put your own knowledge here.
            let intercept = p.sample("intercept", Normal(0, sd: 10))
            let slope = p.sample("slope", Normal(0, sd: 5))
            let noise = p.sample("noise", HalfNormal(sd: 5))

            // A plate is written for one element. x[i] and y[i] are those of this element.
            p.plate("points", y.count) { i in
              p.observe("y", Normal(intercept + slope * x[i], sd: noise), y[i])
            }

            // What is returned is reported, besides the unknowns: add (…, atTen: intercept + 10 * slope) to see a prediction.
            return (intercept, slope, noise)
          }
        }

        """
  }

  private static func hierarchicalModel(_ options: NewOptions) -> String {
    head(
      options, "Groups that learn from each other: the mean of a group comes from a distribution of means, which is learnt too.",
      data: """
          /// One measurement a row, and the number of its group, counted from 0.
          let y: Tensor
          let group: IntTensor
          let groups: Int
        """) + """
          // The body says how the data could have come about. It runs once, and is recorded.
          func body(_ p: Program) throws -> (center: Tensor, spread: Tensor, noise: Tensor, mean: Tensor) {
            // What the groups have in common. Put your own knowledge here.
            let center = p.sample("center", Normal(0, sd: 20))
            let spread = p.sample("spread", HalfNormal(sd: 10))
            let noise = p.sample("noise", HalfNormal(sd: 10))

            // One mean a group. Written as it is thought: nuts finds out by itself whether to move it centred or non-centred.
            let mean = p.plate("groups", groups) { _ in p.sample("mean", Normal(center, sd: spread)) }

            // One measurement a row: group[i] is the group of row i, mean[group[i]] its mean.
            p.plate("rows", y.count) { i in
              p.observe("y", Normal(mean[group[i]], sd: noise), y[i])
            }
            return (center, spread, noise, mean)
          }
        }

        """
  }

  private static func mixtureModel(_ options: NewOptions) -> String {
    head(
      options, "Two classes that nobody has labelled: every measurement belongs to one of them.",
      data: """
          let y: Tensor
        """) + """
          // The body says how the data could have come about. It runs once, and is recorded.
          func body(_ p: Program) throws -> (share: Tensor, mean: Tensor, noise: Tensor, label: IntTensor) {
            // The share of class 1, the means of class 0 and 1 in increasing order (so that the classes cannot change places), and the noise of each.
            let share = p.sample("share", Beta(2, 2))
            let mean = p.sample("mean", Normal(0, sd: 10).ordered(count: 2))
            let noise = p.sample("noise", HalfNormal(sd: 3).repeated(2))

            // The label of each measurement is a whole number: it is summed out of the density exactly, and drawn for the results.
            let label = p.plate("rows", y.count) { i in
              let label = p.sample("label", Bernoulli(probability: share))
              p.observe("y", Normal(mean[label], sd: noise[label]), y[i])
              return label
            }
            return (share, mean, noise, label)
          }
        }

        """
  }

  private static func timeSeriesModel(_ options: NewOptions) -> String {
    head(
      options, "A level that drifts from step to step, seen through noise.",
      data: """
          let y: Tensor
        """) + """
          // The body says how the data could have come about. It runs once, and is recorded.
          func body(_ p: Program) throws -> (drift: Tensor, noise: Tensor, level: Tensor) {
            // How far the level moves in a step, and how far a measurement lies from it: about 0.5, not near 0. Put your own knowledge here.
            let drift = p.sample("drift", LogNormal(log(0.5), sd: 0.5))
            let noise = p.sample("noise", LogNormal(log(0.5), sd: 0.5))

            // The steps of a sequence. Each returns what the next begins with, and its result: those of all steps come back stacked.
            let start = p.sample("start", Normal(0, sd: 20))
            let (_, level) = p.each("steps", over: y, from: start) { before, y in
              let level = p.sample("level", Normal(before, sd: drift))
              p.observe("y", Normal(level, sd: noise), y)
              return (level, level)
            }
            return (drift, noise, level)
          }
        }

        """
  }
}

extension NewTemplate {
  /// Data made with plausible values of the unknowns: 1.5 + 0.8 x ± 1 for the regression, and so on.
  var data: String {
    switch self {
    case .regression:
      """
      {
        "x": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        "y": [1.9, 1.4, 3.6, 3.3, 5.9, 5.2, 6.0, 7.7, 7.3, 9.4]
      }

      """
    case .hierarchical:
      """
      {
        "groups": 5,
        "group": [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4],
        "y": [9.1, 12.3, 10.2, 11.6, 15.2, 13.9, 16.8, 14.1, 7.7, 10.4, 8.9, 6.8, 12.1, 10.9, 14.2, 12.6, 17.9, 13.5]
      }

      """
    case .mixture:
      """
      {
        "y": [-2.1, 3.2, -1.4, 2.6, 4.1, -2.9, -1.8, 3.7, 2.2, -2.4, 3.0, -0.9, 4.6, 3.4, -2.2, 2.9, 3.9, -1.6, 2.4, 3.3]
      }

      """
    case .timeSeries:
      """
      {
        "y": [4.8, 5.9, 5.1, 6.4, 6.0, 7.3, 6.2, 7.0, 8.4, 7.9, 9.1, 8.2, 8.8, 9.9, 9.3, 8.7, 9.8, 10.6, 9.7, 10.2, 11.4, 10.7, 10.1, 9.6]
      }

      """
    }
  }

  func readme(_ options: NewOptions) -> String {
    let file = "\(options.typeName).swift"
    return """
      # \(options.name): \(summary)

      The model is `\(file)`, its data `data.json`. It runs as it is:

      ```sh
      credence describe \(file) --data data.json     # its unknowns, shapes and data
      credence check \(file) --data data.json        # is it what you mean? gradients, priors against the data, what is not used
      credence infer \(file) --data data.json --output posterior.json --draws-output draws.json
      credence summarize posterior.json
      ```

      ## Making it yours

      1. Put your data into `data.json`: one JSON object, names to numbers or nested arrays. The stored properties of the model are its keys.
      2. Change the body: unknowns with `p.sample`, data with `p.observe`, elements with `p.plate`, steps with `p.each`.
      3. `check` again; `simulate` shows what the model expects before it has seen the data:

      ```sh
      credence simulate \(file) --data data.json                        # the prior, and data drawn from it
      credence simulate \(file) --data data.json --output fake.json     # made-up data, to see whether infer finds what made them
      ```

      4. `infer`. Read the verdict below the table: `ok`, `caution` with reasons, or `fail` (do not use).

      What would be otherwise is asked without editing: `--set NAME=VALUE` changes an entry of the data, `--drop-likelihood` shows the prior, `--do`, `--fix`
      and `--observe` give unknowns a value (`credence infer --help`).

      `credence build \(file) -o \(options.name)` makes a program of its own, which needs neither Swift nor Credence where it runs.

      """
  }
}
