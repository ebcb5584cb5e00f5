// Written by Oracles/pareto.py from ArviZ 0.23.4; not to be edited.

/// Pareto smoothed importance sampling of log ratios that the test makes anew. `logWeights`: of the largest, the third largest and the
/// middle ratio.
enum ParetoOracle {
  struct Case: Sendable {
    var kind: String
    var count: Int
    var parameter: Double
    var shape: Double
    var ess: Double
    var logWeights: [Double]
  }

  static let cases: [Case] = [
    Case(kind: "pareto", count: 50, parameter: 0.2, shape: 0.258343263423498, ess: 47.95707983039267, logWeights: [-3.3551697099517654, -3.530078049965315, -3.9838306101053402]),
    Case(kind: "pareto", count: 50, parameter: 0.5, shape: 0.3513781041929903, ess: 36.28037576571047, logWeights: [-2.592405919734736, -3.074779857732998, -4.164058170118673]),
    Case(kind: "pareto", count: 50, parameter: 0.7, shape: 0.41294457044196486, ess: 25.791053635643834, logWeights: [-2.1412075705115425, -2.8491711456403697, -4.341520721049054]),
    Case(kind: "pareto", count: 50, parameter: 1.0, shape: 0.505042712378918, ess: 14.250523740328811, logWeights: [-1.613760544614721, -2.61652532351754, -4.691584418548772]),
    Case(kind: "pareto", count: 50, parameter: 1.6, shape: 0.6899993869756627, ess: 6.303267415136856, logWeights: [-1.0714529877792773, -2.3887081804594437, -5.5731929531230975]),
    Case(kind: "pareto", count: 400, parameter: 0.2, shape: 0.272314619033859, ess: 375.29197303819376, logWeights: [-4.868766699946564, -5.15120734951032, -6.076136653631927]),
    Case(kind: "pareto", count: 400, parameter: 0.5, shape: 0.5191652416792674, ess: 191.61104763021646, logWeights: [-3.304499302524907, -4.114080212572701, -6.322924186738316]),
    Case(kind: "pareto", count: 400, parameter: 0.7, shape: 0.6837059105334471, ess: 73.84675428313986, logWeights: [-2.473664511870599, -3.5752912793139444, -6.605346416691896]),
    Case(kind: "pareto", count: 400, parameter: 1.0, shape: 0.930727937866947, ess: 16.578966450320195, logWeights: [-1.5333954422554767, -3.0343672103133166, -7.26979353829015]),
    Case(kind: "pareto", count: 400, parameter: 1.6, shape: 1.4250992023379243, ess: 2.9083200562324367, logWeights: [-0.5644434678252688, -2.8593847090406572, -9.460426437304958]),
    Case(kind: "pareto", count: 4000, parameter: 0.2, shape: 0.2097557867698334, ess: 3754.6439720115654, logWeights: [-6.784786696730932, -7.025816238148206, -8.378442416653069]),
    Case(kind: "pareto", count: 4000, parameter: 0.5, shape: 0.49000144383008915, ess: 1641.408951832926, logWeights: [-4.648769484055642, -5.310615736089842, -8.632908783860984]),
    Case(kind: "pareto", count: 4000, parameter: 0.7, shape: 0.6765828435835924, ess: 370.9145232946861, logWeights: [-3.3750917636129576, -4.3346100479574226, -8.952886783340434]),
    Case(kind: "pareto", count: 4000, parameter: 1.0, shape: 0.9559730493511023, ess: 31.156219558120966, logWeights: [-1.8689245672137267, -3.286388211904913, -9.837203166824407]),
    Case(kind: "pareto", count: 4000, parameter: 1.6, shape: 1.5133114003668262, ess: 2.739636158032094, logWeights: [-0.5326452683689419, -2.8841305357525315, -13.281891027746031]),
    Case(kind: "bounded", count: 1000, parameter: 1.0, shape: -1.5296830244465105, ess: 702.988876260936, logWeights: [-6.145971230795631, -6.145971230795631, -7.144276326264259]),
    Case(kind: "bounded", count: 4000, parameter: 6.0, shape: -1.6774614753558779, ess: 953.6878281548688, logWeights: [-6.4997382059592255, -6.4997382059592255, -12.519046993550216]),
    Case(kind: "pareto", count: 20, parameter: 0.5, shape: .infinity, ess: 16.450243244423994, logWeights: [-2.0785137463260517, -2.5597255713856586, -3.168954171650362]),
  ]
}
