using PageStore.Checkpoint.Peer;

// The second process of tests that need one:
//   follow FILE MODE LAST      reads what another process writes, to epoch LAST
//   write FILE DURABILITY      commits self-checking epochs until it is killed
//   kill-loop COUNT            kills such writers, COUNT times in each mode, and checks the file each time
return args switch
{
    ["follow", string path, string mode, string last] => Follower.Run(path, mode, last),
    ["write", string path, string mode] => EndlessWriter.Run(path, mode),
    ["kill-loop", string count] => KillCommand.Run(count),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: follow FILE MODE LAST | write FILE DURABILITY | kill-loop COUNT");
    return 2;
}
