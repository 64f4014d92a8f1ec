using Google.OrTools.LinearSolver;
using Refill.Advice;

namespace Refill.Tests.Advice;

public sealed class PackingProgramTests
{
    [Fact]
    public void It_finds_what_another_solver_finds_row_after_row()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var count = random.Next(2, 12);
            var upper = Enumerable.Range(0, count).Select(_ => (double)random.Next(1, 20)).ToArray();
            var program = new PackingProgram(upper);
            using var glop = Solver.CreateSolver("GLOP");
            var variables = upper.Select(most => glop.MakeNumVar(0, most, "")).ToArray();
            var sum = new LinearExpr();
            foreach (var variable in variables)
            {
                sum += variable;
            }

            glop.Maximize(sum);
            for (var row = 0; row < 20; row++)
            {
                var coefficients = upper.Select(_ => random.Next(3) == 0 ? 0 : random.NextDouble()).ToArray();
                var limit = random.Next(0, 15);
                program.Add(coefficients, limit);
                var constraint = glop.MakeConstraint(double.NegativeInfinity, limit);
                for (var i = 0; i < count; i++)
                {
                    constraint.SetCoefficient(variables[i], coefficients[i]);
                }

                Assert.True(program.Solve(10_000));
                Assert.Equal(Solver.ResultStatus.OPTIMAL, glop.Solve());
                Assert.Equal(glop.Objective().Value(), program.Value, 4);
            }
        }
    }
}
