"""What can be wrong with a workbook as a whole: one class a cause, each with what to do about it."""

from app.core.errors import Problem


class WorkbookRefused(Problem):
    """The file as it is cannot be read."""

    status, code = 422, "workbook_refused"
    title_zh, title_en = "表格文件无法读取", "The workbook cannot be read"


class NotAWorkbook(WorkbookRefused):
    """By its content the file is no workbook, whatever its name says."""

    status, code = 415, "not_a_workbook"
    title_zh = "按内容判断不是表格文件：只接受 xlsx、xls 和 csv，改后缀名没有用，请用 Excel 或 WPS 另存"
    title_en = "By its content this is no xlsx, xls or csv file"


class EmptyWorkbook(WorkbookRefused):
    """There is nothing in it."""

    code = "workbook_empty"
    title_zh, title_en = "文件是空的", "The file is empty"


class EncryptedWorkbook(WorkbookRefused):
    """It asks for a password."""

    code = "workbook_encrypted"
    title_zh, title_en = (
        "表格设了打开密码，请取消密码后再上传",
        "The workbook is encrypted, remove the password",
    )


class MacrosRefused(WorkbookRefused):
    """It carries programs."""

    code = "workbook_macros"
    title_zh, title_en = (
        "表格中带有宏，请另存为不带宏的 xlsx 再上传",
        "The workbook holds macros, save it without",
    )


class WorkbookBomb(WorkbookRefused):
    """Unpacked it would be far larger than any table."""

    code = "workbook_too_large"
    title_zh = "表格解压后过大，请只保留需要导入的数据再上传"
    title_en = "Unpacked, the workbook is too large"


class TooManyRows(WorkbookRefused):
    """It has more rows, columns or cells than are taken, perhaps all of them empty."""

    code = "workbook_too_many_rows"
    title_zh = "表格的行列过多（空行也算）：请删除末尾的空行空列，或分成几个文件"
    title_en = (
        "The workbook has too many rows or columns (empty ones count); delete the empty ones or split it"
    )


class BrokenWorkbook(WorkbookRefused):
    """It is damaged."""

    code = "workbook_broken"
    title_zh, title_en = (
        "表格文件已损坏，请用 Excel 或 WPS 打开后另存再上传",
        "The workbook is damaged, save it anew",
    )


class WorkbookTooSlow(WorkbookRefused):
    """Reading it took longer than it may."""

    code = "workbook_too_slow"
    title_zh, title_en = "读取表格超时，请删去多余的格式和工作表", "Reading the workbook took too long"


BY_CODE: dict[str, type[WorkbookRefused]] = {
    fault.code: fault
    for fault in (
        WorkbookRefused,
        NotAWorkbook,
        EmptyWorkbook,
        EncryptedWorkbook,
        MacrosRefused,
        WorkbookBomb,
        TooManyRows,
        BrokenWorkbook,
        WorkbookTooSlow,
    )
}
