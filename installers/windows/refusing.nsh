; When nothing is installed: each reason with its sentence and its exit code. In silent mode nobody is asked.

!macro Refuse code sentence
  MessageBox MB_OK|MB_ICONSTOP "${sentence}" /SD IDOK
  SetErrorLevel ${code}
  Quit
!macroend

!macro RefuseOtherWindows
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastBuild} 17763
    !insertmacro Refuse ${WRONG_WINDOWS} "lungviewer needs 64-bit Windows 10 (version 1809) or newer."
  ${EndIf}
!macroend

; Also an uninstaller while one runs, and the other way round. Windows frees the mutex when this process ends.
!macro RefuseSecondInstaller
  System::Call 'kernel32::CreateMutexW(p 0, i 1, w "lungviewer installer") p .r0 ?e'
  Pop $0
  ${If} $0 = 183 ; ERROR_ALREADY_EXISTS
    !insertmacro Refuse ${IN_USE} "lungviewer is being installed or removed already. Wait until that is done."
  ${EndIf}
!macroend

!macro RefuseOlderVersion
  ReadRegStr $0 HKCU "${OWN_KEY}" "Version"
  ${If} $0 != ""
    ${VersionCompare} "${NUMERIC}" "$0" $1
    ${If} $1 = 2
      ${GetParameters} $2
      ClearErrors
      ${GetOptions} $2 "/DOWNGRADE" $3
      ${If} ${Errors}
        ReadRegStr $0 HKCU "${UNINSTALL_KEY}" "DisplayVersion"
        ${If} ${Cmd} `MessageBox MB_YESNO|MB_ICONEXCLAMATION|MB_DEFBUTTON2 "lungviewer $0 is installed, which is newer than ${VERSION}. The older one may refuse journals, models and reviews that the newer one has written. Install the older one all the same?" /SD IDNO IDNO`
          SetErrorLevel ${OLDER}
          Quit
        ${EndIf}
      ${EndIf}
    ${EndIf}
  ${EndIf}
!macroend

; There is one entry in Windows' list of programs, so there is one folder.
!macro RefuseOtherFolder
  ReadRegStr $0 HKCU "${OWN_KEY}" "Location"
  ${If} $0 != ""
  ${AndIf} $0 != $INSTDIR
  ${AndIf} ${FileExists} "$0\uninstall.exe"
    !insertmacro Refuse ${ELSEWHERE} "lungviewer is installed in another folder:$\r$\n$0$\r$\nInstall into that folder, or uninstall it there first."
  ${EndIf}
!macroend

; Windows lets nobody write into the file of a program that runs. Processes that read images end a moment
; after the window does, so this is looked at for some seconds.
!macro RunningFunction un
Function ${un}LookForRunning ; -> $1: "yes" or ""
  StrCpy $2 0
  ${Do}
    StrCpy $1 ""
    !insertmacro LookAtProgram "lungviewer.exe"
    !insertmacro LookAtProgram "lungviewer-cli.exe"
    !insertmacro LookAtProgram "training\lungviewer-training.exe"
    ${If} $1 == ""
    ${OrIf} $2 = 10
      ${Break}
    ${EndIf}
    IntOp $2 $2 + 1
    Sleep 300
  ${Loop}
FunctionEnd
!macroend

!macro LookAtProgram name
  ${If} ${FileExists} "$INSTDIR\${name}"
    ClearErrors
    FileOpen $0 "$INSTDIR\${name}" a
    ${If} ${Errors}
      StrCpy $1 "yes"
    ${Else}
      FileClose $0
    ${EndIf}
  ${EndIf}
!macroend

!insertmacro RunningFunction ""
!insertmacro RunningFunction "un."

!macro RefuseWhileRunning un
  ${Do}
    Call ${un}LookForRunning
    ${If} $1 == ""
      ${Break}
    ${EndIf}
    ${If} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "lungviewer is running, or another program holds its files. Nothing has been changed.$\r$\n$\r$\nClose its windows and command lines, then choose Retry." /SD IDCANCEL IDCANCEL`
      SetErrorLevel ${IN_USE}
      Quit
    ${EndIf}
  ${Loop}
!macroend

; Which parts are wanted: the command line (/Training=0 or 1), else what was chosen the last time, else the default.
!macro Recall section name
  ReadRegStr $0 HKCU "${OWN_KEY}" "${name}"
  ${GetParameters} $1
  ClearErrors
  ${GetOptions} $1 "/${name}=" $2
  ${IfNot} ${Errors}
    StrCpy $0 $2
  ${EndIf}
  ${If} $0 == "1"
    !insertmacro SelectSection ${section}
  ${ElseIf} $0 == "0"
    !insertmacro UnselectSection ${section}
  ${EndIf}
!macroend

!macro Remember section name
  ${If} ${SectionIsSelected} ${section}
    WriteRegStr HKCU "${OWN_KEY}" "${name}" "1"
  ${Else}
    WriteRegStr HKCU "${OWN_KEY}" "${name}" "0"
  ${EndIf}
!macroend
