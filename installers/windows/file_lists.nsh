; What the installer put into its folder is written in `installed-files.txt` there, and only that is ever removed.
;
; A list is UTF-16LE without a mark, a line each: ">folder" (folders, outer before inner), "=file", "<folder"
; (inner before outer). An upgrade is all or nothing:
;
;   1. the old version's files are renamed into `.previous`, its list last of all
;   2. the new list is written, then the new files
;   3. `.previous\installed-files.txt` becomes `.previous\remove.txt`: from here on the new version holds
;   4. what is in `.previous` is deleted
;
; PutBack undoes 1 and 2, and finishes 4, whoever was interrupted: it runs when an installation fails, and before
; the next one begins. The uninstaller removes what both lists name instead.

!define LIST "$INSTDIR\installed-files.txt"
!define ASIDE "$INSTDIR\.previous"

Var List
Var Action
Var Kind
Var Line
Var Root
Var Trouble
Var Began

!macro EachLineFunction un
Function ${un}EachLine ; calls $Action with $Kind and $Line for each line of $List
  Push $0
  Push $1
  ClearErrors
  FileOpen $0 "$List" r
  ${IfNot} ${Errors}
    ${Do}
      ClearErrors
      FileReadUTF16LE $0 $Line
      ${If} ${Errors}
        ${Break}
      ${EndIf}
      ${Do} ; without the end of the line
        StrCpy $1 $Line 1 -1
        ${If} $1 != "$\r"
        ${AndIf} $1 != "$\n"
          ${Break}
        ${EndIf}
        StrCpy $Line $Line -1
      ${Loop}
      StrCpy $Kind $Line 1
      StrCpy $Line $Line "" 1
      ; A line that a damaged list may hold is never followed out of the folder.
      System::Call 'shlwapi::StrStrW(w "\$Line\", w "\..\") p .r1'
      ${If} $1 P= 0
        System::Call 'shlwapi::StrStrW(w "$Line", w ":") p .r1'
      ${EndIf}
      ${If} $1 P= 0
      ${AndIf} $Line != ""
        Call $Action
      ${EndIf}
    ${Loop}
    FileClose $0
  ${EndIf}
  Pop $1
  Pop $0
FunctionEnd

Function ${un}RemoveLine
  ${If} $Kind == "="
    Delete "$Root\$Line"
  ${ElseIf} $Kind == "<"
    RMDir "$Root\$Line"
  ${EndIf}
FunctionEnd

Function ${un}RemoveFolder
  ${If} $Kind == "<"
    RMDir "$Root\$Line"
  ${EndIf}
FunctionEnd

Function ${un}LookForFile
  ${If} $Kind == "="
  ${AndIf} ${FileExists} "$Root\$Line"
    StrCpy $Trouble "$Line"
  ${EndIf}
FunctionEnd
!macroend

!insertmacro EachLineFunction ""
!insertmacro EachLineFunction "un."

!macro ForEach un list action
  StrCpy $List "${list}"
  GetFunctionAddress $Action ${un}${action}
  Call ${un}EachLine
!macroend

!macro AppendList from to
  FileOpen $0 "${from}" r
  FileOpen $1 "${to}" a
  FileSeek $1 0 END
  ${Do}
    ClearErrors
    FileReadUTF16LE $0 $2
    ${If} ${Errors}
      ${Break}
    ${EndIf}
    FileWriteUTF16LE $1 $2
  ${Loop}
  FileClose $0
  FileClose $1
!macroend

Function SetAside
  ${If} $Kind == ">"
    CreateDirectory "${ASIDE}\$Line"
  ${ElseIf} $Kind == "="
  ${AndIf} ${FileExists} "$INSTDIR\$Line"
    ClearErrors
    Rename "$INSTDIR\$Line" "${ASIDE}\$Line"
    ${If} ${Errors}
      StrCpy $Trouble "$Line"
    ${EndIf}
  ${EndIf}
FunctionEnd

Function BringBack
  ${If} $Kind == ">"
    CreateDirectory "$INSTDIR\$Line"
  ${ElseIf} $Kind == "="
  ${AndIf} ${FileExists} "${ASIDE}\$Line"
    Delete "$INSTDIR\$Line"
    Rename "${ASIDE}\$Line" "$INSTDIR\$Line"
  ${ElseIf} $Kind == "<"
    RMDir "${ASIDE}\$Line"
  ${EndIf}
FunctionEnd

Function BeginReplacing
  Call PutBack ; what an installer that was interrupted has left
  StrCpy $Began "yes"
  StrCpy $Trouble ""
  CreateDirectory "${ASIDE}"
  ${If} ${FileExists} "${LIST}"
    !insertmacro ForEach "" "${LIST}" SetAside
    ${If} $Trouble != ""
      Call PutBack
      !insertmacro Refuse ${IN_USE} "A file of the installed version is in use. Nothing has been changed. Close what uses it, and try again:$\r$\n$Trouble"
    ${EndIf}
    Rename "${LIST}" "${ASIDE}\installed-files.txt"
  ${Else} ; nothing was installed: an empty list
    FileOpen $0 "${ASIDE}\installed-files.txt" w
    FileClose $0
  ${EndIf}
  StrCpy $Root "$INSTDIR" ; a file that is there after ours were set aside is somebody else's
  !insertmacro ForEach "" "$PLUGINSDIR\files.txt" LookForFile
  ${If} $Trouble != ""
    Call PutBack
    !insertmacro Refuse ${OTHERS_FILES} "There is a file in this folder that the installer did not put there and would replace. Nothing has been changed. Choose another folder, or move the file away:$\r$\n$Trouble"
  ${EndIf}
  ClearErrors
  CopyFiles /SILENT "$PLUGINSDIR\files.txt" "${LIST}"
  ${If} ${Errors}
    Abort "Nothing can be written into this folder." ; .onInstFailed puts everything back
  ${EndIf}
FunctionEnd

Function EndReplacing
  Rename "${ASIDE}\installed-files.txt" "${ASIDE}\remove.txt"
  Call RemoveAside
FunctionEnd

Function RemoveAside
  StrCpy $Root "${ASIDE}"
  !insertmacro ForEach "" "${ASIDE}\remove.txt" RemoveLine
  StrCpy $Root "$INSTDIR" ; folders that only the old version had
  !insertmacro ForEach "" "${ASIDE}\remove.txt" RemoveFolder
  Delete "${ASIDE}\remove.txt"
  RMDir "${ASIDE}"
FunctionEnd

Function PutBack
  SetOutPath "$TEMP" ; a folder that a process stands in cannot go
  ${If} ${FileExists} "${ASIDE}\remove.txt"
    Call RemoveAside
  ${ElseIf} ${FileExists} "${ASIDE}\installed-files.txt"
    StrCpy $Root "$INSTDIR"
    !insertmacro ForEach "" "${LIST}" RemoveLine
    Delete "${LIST}"
    !insertmacro ForEach "" "${ASIDE}\installed-files.txt" BringBack
    FileOpen $0 "${ASIDE}\installed-files.txt" r
    FileSeek $0 0 END $1
    FileClose $0
    ${If} $1 = 0 ; nothing was installed before
      Delete "${ASIDE}\installed-files.txt"
      Delete "$INSTDIR\uninstall.exe"
    ${Else}
      Rename "${ASIDE}\installed-files.txt" "${LIST}"
    ${EndIf}
  ${ElseIf} ${FileExists} "${ASIDE}\*.*"
    !insertmacro ForEach "" "${LIST}" BringBack
  ${EndIf}
  RMDir "${ASIDE}"
  RMDir "$INSTDIR"
FunctionEnd

!macro RemoveBy list root
  StrCpy $Root "${root}"
  !insertmacro ForEach "un." "${list}" RemoveLine
  !insertmacro ForEach "un." "${list}" LookForFile
!macroend

; What is installed, and what an upgrade that was cut off has left. If a file cannot go, the lists stay, so that
; another try goes on; $Trouble names it.
Function un.RemoveInstalled
  StrCpy $Trouble ""
  !insertmacro RemoveBy "${LIST}" "$INSTDIR"
  ${If} ${FileExists} "${ASIDE}\*.*"
    !insertmacro RemoveBy "${LIST}" "${ASIDE}"
    !insertmacro RemoveBy "${ASIDE}\installed-files.txt" "$INSTDIR"
    !insertmacro RemoveBy "${ASIDE}\installed-files.txt" "${ASIDE}"
    !insertmacro RemoveBy "${ASIDE}\remove.txt" "${ASIDE}"
    StrCpy $Root "$INSTDIR" ; folders that only the old version had
    !insertmacro ForEach "un." "${ASIDE}\remove.txt" RemoveFolder
  ${EndIf}
  ${If} $Trouble == ""
    Delete "${ASIDE}\installed-files.txt"
    Delete "${ASIDE}\remove.txt"
    RMDir "${ASIDE}"
    Delete "${LIST}"
  ${EndIf}
FunctionEnd
