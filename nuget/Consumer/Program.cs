// Uses the packed packages as a stranger would. Exit code 1 if something does not hold.
using System.Runtime.CompilerServices;
using Consumer;

Console.WriteLine(RuntimeFeature.IsDynamicCodeSupported ? "under JIT" : "as NativeAOT");
var checks = new Checks();
BitmapUse.Run(checks);
CheckpointUse.Run(checks);
GuardUse.Run(checks);
CaptureUse.Run(checks);
return checks.Failures == 0 ? 0 : 1;
