namespace PageStore.Checkpoint;

/// <summary>The records of a libxl stream (Xen's docs/specs/libxl-migration-stream).</summary>
internal enum LibxlRecordType : uint
{
    End = 0,
    LibxcContext = 1,
    EmulatorXenstoreData = 2,
    EmulatorContext = 3,
    CheckpointEnd = 4,
    CheckpointState = 5,
}

/// <summary>Names and rules of the records of a libxl stream.</summary>
internal static class LibxlRecords
{
    public static string Name(uint type) => (LibxlRecordType)type switch
    {
        LibxlRecordType.End => "END",
        LibxlRecordType.LibxcContext => "LIBXC_CONTEXT",
        LibxlRecordType.EmulatorXenstoreData => "EMULATOR_XENSTORE_DATA",
        LibxlRecordType.EmulatorContext => "EMULATOR_CONTEXT",
        LibxlRecordType.CheckpointEnd => "CHECKPOINT_END",
        LibxlRecordType.CheckpointState => "CHECKPOINT_STATE",
        _ => $"unknown type 0x{type:x}",
    };

    /// <summary>Throws unless a record of this type and length may stand in a stream that is read here.</summary>
    public static void Check(uint type, uint length, StreamPlace place)
    {
        switch ((LibxlRecordType)type)
        {
            case LibxlRecordType.End or LibxlRecordType.LibxcContext or LibxlRecordType.CheckpointEnd when length != 0:
                throw place.Corrupt($"its body has {length} bytes and must be empty");
            case LibxlRecordType.EmulatorXenstoreData or LibxlRecordType.EmulatorContext when length < 8:
                throw place.Corrupt($"its body has {length} bytes, fewer than its own header of 8");
            case LibxlRecordType.CheckpointState:
                throw place.Unsupported("this is a COLO stream", LibxcRecords.SavePlainly);
            case > LibxlRecordType.CheckpointState when (type & LibxcRecords.OptionalBit) == 0:
                throw place.Unsupported("this mandatory record is not known", LibxcRecords.NewerXen);
        }
    }
}
